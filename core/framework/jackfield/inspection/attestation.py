"""A publisher's own signature on a file: an in-toto statement in a DSSE envelope, by an ed25519 key.

The envelope carries the public key. What it proves is that the holder of that key made this very file; whose key it is,
users decide by pinning it at the first install. A marketplace cannot make one, whatever keys are stolen from it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jackfield.errors import WheelError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MOST_BYTES = 16 * 1024
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://docs.pypi.org/attestations/publish/v1"
"""PEP 740's: whoever signs says that they publish this file."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signature that holds for one file.

    Args:
        key: sha256 of the public key, 64 hexadecimal digits.
        envelope: as it was read, so that others can verify it.
    """

    key: str
    envelope: bytes = field(default=b"", repr=False)


def make_publisher_key(path: Path) -> str:
    """Make a key for signing releases, in a file that its owner alone reads; returns the sha256 of its public half.

    Raises:
        FileExistsError: something lies there.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return hashlib.sha256(_public(key)).hexdigest()


def attest(filename: str, sha256: str, key_file: Path) -> bytes:
    """Sign a file.

    Args:
        filename: as it is published.
        sha256: of its bytes.
        key_file: from `make_publisher_key`.

    Returns:
        the envelope, to be uploaded with the file in the form's field `attestations`, as a list of one.

    Raises:
        WheelError: the key cannot be read.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(key_file.read_bytes(), None)
    except FileNotFoundError as error:
        raise WheelError(f"there is no key {key_file}", hint="the first time: --make-key makes it") from error
    except OSError as error:
        raise WheelError(f"{key_file} cannot be read as a publisher's key: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise WheelError(f"{key_file} cannot be read as a publisher's key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise WheelError(f"{key_file} is no ed25519 key", hint="make_publisher_key makes one")
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": PREDICATE,
        "predicate": None,
    }
    payload = json.dumps(statement, separators=(",", ":")).encode()
    public = _public(key)
    signature = {"keyid": hashlib.sha256(public).hexdigest(), "sig": _text(key.sign(_encoded(payload)))}
    envelope = {
        "payload": _text(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [signature],
        "publicKey": public.hex(),
    }
    return json.dumps(envelope, separators=(",", ":"), sort_keys=True).encode()


def read_attestation(data: bytes, filename: str, sha256: str) -> Attestation:
    """Verify a publisher's signature on a file.

    Args:
        data: the envelope.
        filename: of the file.
        sha256: of its bytes.

    Raises:
        WheelError: it is none, is another file's, or its signature does not hold.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(data) > MOST_BYTES:
        raise WheelError(f"the signature of {filename} has more than {MOST_BYTES // 1024} KiB")
    try:
        envelope: dict[str, Any] = json.loads(data)
        payload = base64.b64decode(envelope["payload"], validate=True)
        (signature,) = envelope["signatures"]
        public = bytes.fromhex(envelope["publicKey"])
        kind, key = envelope["payloadType"], Ed25519PublicKey.from_public_bytes(public)
        key.verify(base64.b64decode(signature["sig"], validate=True), _encoded(payload))
        statement: dict[str, Any] = json.loads(payload)
        (subject,) = statement["subject"]
        said = kind, statement["_type"], statement["predicateType"], subject["name"], subject["digest"]["sha256"]
    except InvalidSignature as error:
        raise WheelError(
            f"the signature of {filename} does not hold: it was changed, or made by another key"
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise WheelError(f"the signature of {filename} cannot be read: {error}") from error
    if said != (PAYLOAD_TYPE, STATEMENT, PREDICATE, filename, sha256):
        raise WheelError(f"the signature beside {filename} is another file's, or says something else")
    return Attestation(hashlib.sha256(public).hexdigest(), data)


def attestation_beside(wheel: Path, sha256: str) -> Attestation | None:
    """The publisher's signature that lies beside a wheel as `….whl.attestation`, verified; None where none does.

    Args:
        wheel: its path.
        sha256: of its bytes.

    Raises:
        WheelError: it does not hold for this wheel.
    """
    try:
        with wheel.with_name(f"{wheel.name}.attestation").open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    return read_attestation(data, wheel.name, sha256)


def _public(key: Ed25519PrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what the key really signs."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
