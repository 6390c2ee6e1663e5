"""Keys as files: one PKCS #8 file of PEM for each, readable by its owner alone, named for the role and the key."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jackfield.errors import JackfieldError

from jackfield_marketplace.db import make_private, make_private_folder

Passphrase = Callable[[str], bytes]
"""Asks for the passphrase of the key file of this name."""


class KeysMissing(JackfieldError):
    """A key that is needed does not lie where it was looked for, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Key:
    """An ed25519 key that signs.

    Args:
        keyid: sha256 of the public key's description, as TUF counts it.
        description: the public key, as root and targets list it.
        private: the key itself.
    """

    keyid: str
    description: Mapping[str, Any]
    private: Ed25519PrivateKey

    def sign(self, signed: bytes) -> dict[str, str]:
        """One entry of `signatures`, over the canonical bytes."""
        return {"keyid": self.keyid, "sig": self.private.sign(signed).hex()}

    def signed(self, value: Mapping[str, Any], signature: Mapping[str, str]) -> bool:
        """Whether an entry of `signatures` is this key's, over a value."""
        try:
            self.private.public_key().verify(bytes.fromhex(signature["sig"]), canonical(value))
        except (InvalidSignature, ValueError):
            return False
        return signature["keyid"] == self.keyid


def canonical(value: Any) -> bytes:
    """Canonical JSON (OLPC) of what our metadata holds: ASCII without control characters, whole numbers.

    The standard encoder, in C, gives the very same bytes for these, thirty times as fast as one that is written in
    Python. What else may be in a file name is kept out at upload.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def key_id(description: Mapping[str, Any]) -> str:
    """The id of a public key, as TUF counts it: the sha256 of its description."""
    return hashlib.sha256(canonical(description)).hexdigest()


def fingerprint(keyid: str) -> str:
    """A key's or a root's hash for people, in groups of four."""
    return " ".join(keyid[start : start + 4] for start in range(0, 32, 4))


def keys_beside(data: Path) -> Path:
    """Where the offline keys of a data folder are made when nobody says where: beside it, not in it."""
    whole = data.absolute()
    return whole.with_name(f"{whole.name}-offline-keys")


def make_key(folder: Path, role: str, passphrase: bytes | None = None) -> Key:
    """Make a key and its file, whole and on disk before this returns.

    Args:
        folder: made when missing.
        role: what the key is for; the file's name begins so.
        passphrase: encrypts the file.
    """
    private = Ed25519PrivateKey.generate()
    key = _key(private)
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    make_private_folder(folder)
    path = folder / f"{role}-{key.keyid[:12]}.pem"
    make_private(path)
    with path.open("wb") as file:
        file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        file.flush()
        os.fsync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return key


def read_keys(folder: Path, role: str, passphrase: Passphrase | None = None) -> dict[str, Key]:
    """The keys of a role in a folder, by key id; empty where there are none.

    Args:
        folder: where they lie.
        role: whose.
        passphrase: is asked for that of an encrypted file.

    Raises:
        KeysMissing: a file is no key, or its passphrase is another.
    """
    keys = (_read(path, passphrase) for path in sorted(folder.glob(f"{role}-*.pem")))
    return {key.keyid: key for key in keys}


def forget_keys(folder: Path, role: str, keep: set[str]) -> None:
    """Delete the files of a role's keys but for those that still count."""
    for path in folder.glob(f"{role}-*.pem"):
        if not any(keyid.startswith(path.stem.removeprefix(f"{role}-")) for keyid in keep):
            path.unlink()


def _read(path: Path, passphrase: Passphrase | None) -> Key:
    data = path.read_bytes()
    try:
        if b"ENCRYPTED" in data and passphrase is not None:
            private = load_pem_private_key(data, passphrase(path.name))
        else:
            private = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeysMissing(f"{path} cannot be read as a key: {error}", hint="restore it from its copy") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysMissing(f"{path} is no ed25519 key", hint="jackfield-marketplace keys makes such keys")
    return _key(private)


def _key(private: Ed25519PrivateKey) -> Key:
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    description = {"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"}
    return Key(key_id(description), description, private)
