"""A publisher's signature holds for one file and one key, and for nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import WheelError
from jackfield.inspection import attest, attestation_beside, make_publisher_key, read_attestation
from jackfield.permissions import key_in_words
from securesystemslib.dsse import Envelope
from securesystemslib.signer import Key  # type: ignore[attr-defined]  # it names its exports in a way mypy cannot read

NAME, DIGEST = "chat_poll-1.0.0-py3-none-any.whl", hashlib.sha256(b"a wheel").hexdigest()


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "publisher.pem"
    make_publisher_key(path)
    return path


def test_a_signature_tells_the_key(tmp_path):
    path = tmp_path / "key.pem"
    digest = make_publisher_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = read_attestation(attest(NAME, DIGEST, path), NAME, DIGEST)
    assert found.key == digest
    assert key_in_words(found.key).replace(" ", "") == digest[:16]
    with pytest.raises(FileExistsError):
        make_publisher_key(path)


def test_another_implementation_of_dsse_agrees(key):
    values = json.loads(attest(NAME, DIGEST, key))
    public = values.pop("publicKey")
    keyid = values["signatures"][0]["keyid"]
    envelope = Envelope.from_dict(values)
    envelope.verify(
        [Key.from_dict(keyid, {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})], 1
    )
    assert json.loads(envelope.payload)["_type"] == "https://in-toto.io/Statement/v1"


@pytest.mark.parametrize(("filename", "digest"), [("chat_poll-1.0.1-py3-none-any.whl", DIGEST), (NAME, "0" * 64)])
def test_it_is_no_other_files(key, filename, digest):
    with pytest.raises(WheelError, match="is another file's"):
        read_attestation(attest(NAME, DIGEST, key), filename, digest)


def test_a_changed_statement_does_not_hold(key):
    envelope = json.loads(attest(NAME, DIGEST, key))
    statement = base64.b64decode(envelope["payload"]).replace(DIGEST.encode(), b"0" * 64)
    envelope["payload"] = base64.b64encode(statement).decode()
    with pytest.raises(WheelError, match="does not hold"):
        read_attestation(json.dumps(envelope).encode(), NAME, "0" * 64)


def test_another_public_key_does_not_hold(key, tmp_path):
    make_publisher_key(tmp_path / "other.pem")
    other = json.loads(attest(NAME, DIGEST, tmp_path / "other.pem"))
    envelope = json.loads(attest(NAME, DIGEST, key)) | {"publicKey": other["publicKey"]}
    with pytest.raises(WheelError, match="does not hold"):
        read_attestation(json.dumps(envelope).encode(), NAME, DIGEST)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode))
def test_whatever_bytes_are_one_sentence(data):
    with pytest.raises(WheelError):
        read_attestation(data, NAME, DIGEST)


@given(st.sampled_from(["payload", "payloadType", "signatures", "publicKey"]), st.none() | st.integers() | st.text())
def test_whatever_stands_in_a_part_is_one_sentence(key, part, value):
    envelope = json.loads(attest(NAME, DIGEST, key)) | {part: value}
    with pytest.raises(WheelError):
        read_attestation(json.dumps(envelope).encode(), NAME, DIGEST)


def test_a_huge_one_is_not_looked_at():
    with pytest.raises(WheelError, match="more than 16 KiB"):
        read_attestation(b" " * 20_000, NAME, DIGEST)


def test_a_key_that_is_none(tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    with pytest.raises(WheelError, match="cannot be read as a publisher's key"):
        attest(NAME, DIGEST, tmp_path / "none.pem")


def test_a_signature_beside_a_wheel_is_read_and_held_to_it(tmp_path):
    key = make_publisher_key(tmp_path / "alice.pem")
    wheel = tmp_path / NAME
    assert attestation_beside(wheel, DIGEST) is None
    beside = tmp_path / f"{NAME}.attestation"
    beside.write_bytes(attest(NAME, DIGEST, tmp_path / "alice.pem"))
    found = attestation_beside(wheel, DIGEST)
    assert found is not None
    assert found.key == key
    with pytest.raises(WheelError, match="is another file's"):
        attestation_beside(wheel, "0" * 64)
    beside.write_bytes(b" " * 100_000)
    with pytest.raises(WheelError, match="has more than 16 KiB"):
        attestation_beside(wheel, DIGEST)
