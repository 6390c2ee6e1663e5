"""What the server signs, read by python-tuf's own client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jackfield.inspection import make_publisher_key, read_attestation
from jackfield.manifest import bin_of, page_path, plugin_document, plugin_path, target_folder
from jackfield_marketplace.catalog import set_status, yank
from jackfield_marketplace.db import Database, Direct, now
from jackfield_marketplace.review import release
from jackfield_marketplace.trust import Ceremony, KeysMissing, Signing

from tests.marketplace.conftest import LocalMarket, local_market
from tests.support.marketplace import attested
from tests.support.tuf_client import PlainTufClient
from tests.support.wheels import build_plugin, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


class SignedMarket:
    """A marketplace in this process that has keys, and a client that has seen its first root."""

    def __init__(self, market: LocalMarket, folder: Path) -> None:
        self.market = market
        self.offline = folder / "offline"
        self.signing = Signing(market.database, market.settings.keys, market.settings.blobs)
        self.ceremony = Ceremony(market.database, market.settings.keys, self.signing)
        self.ceremony.begin(self.offline)
        self.client = PlainTufClient(market.url, folder / "client")

    def metadata(self, name: str) -> Any:
        answer = httpx.get(f"{self.market.url}/tuf/{name}.json")
        assert answer.status_code == 200
        return answer.json()["signed"]


@pytest.fixture
def signed(market, tmp_path) -> SignedMarket:
    return SignedMarket(market, tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory, empty_data) -> Iterator[tuple[SignedMarket, Path]]:
    folder = tmp_path_factory.mktemp("published")
    with local_market(folder, empty_data) as market:
        signed = SignedMarket(market, folder)
        yield signed, market.publish("poll")


def test_a_wheel_and_the_texts_beside_it_and_the_page_of_its_project_are_targets(published):
    signed, wheel = published
    folder, files = target_folder("chat-poll"), f"{signed.market.url}/files"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert signed.client.download(f"{folder}{wheel.name}") == wheel.read_bytes()
    for suffix in (".metadata", ".plugin.toml"):
        text = httpx.get(f"{files}/{digest}/{wheel.name}{suffix}").content
        assert signed.client.download(f"{folder}{wheel.name}{suffix}") == text
    assert json.loads(signed.client.download(page_path("chat-poll"))) == signed.market.project("chat-poll")


def test_metadata_put_together_as_text_is_what_the_encoder_writes(published):
    signed, _ = published
    version = signed.metadata("timestamp")["meta"]["snapshot.json"]["version"]
    role = f"bin-{bin_of('chat-poll')}"
    listed = signed.metadata(f"{version}.snapshot")["meta"][f"{role}.json"]["version"]
    for name in ("timestamp", f"{version}.snapshot", f"{listed}.{role}"):
        body = httpx.get(f"{signed.market.url}/tuf/{name}.json").content
        said = json.loads(body)
        assert said["signatures"]
        assert body == json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def test_what_is_no_target_is_not_served_among_targets(published):
    signed, wheel = published
    other = "0" * 64
    address = f"{signed.market.url}/tuf/targets/{target_folder('chat-poll')}{other}.{wheel.name}"
    assert httpx.get(address).status_code == 404
    assert not signed.client.is_target(f"{target_folder('chat-poll')}nothing.whl")
    assert not signed.client.is_target(page_path("chat-nobody"))


def test_metadata_with_a_version_in_its_name_may_be_kept_for_ever(published):
    signed, _ = published
    newest = httpx.get(f"{signed.market.url}/tuf/timestamp.json")
    assert newest.headers["cache-control"] == "public, max-age=0, must-revalidate"
    again = httpx.get(newest.url, headers={"if-none-match": newest.headers["etag"]})
    assert again.status_code == 304
    versioned = httpx.get(f"{signed.market.url}/tuf/1.root.json")
    assert "immutable" in versioned.headers["cache-control"]
    plain = httpx.get(f"{signed.market.url}/tuf/1.targets.json", headers={"accept-encoding": "identity"})
    packed = httpx.get(f"{signed.market.url}/tuf/1.targets.json", headers={"accept-encoding": "gzip"})
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 10


@pytest.mark.parametrize("path", ["0.root", "99.root", "1.nobody", "bin-zz", "1.bin-000", "..", "1.root.json/"])
def test_other_metadata_is_not_there(published, path):
    signed, _ = published
    assert httpx.get(f"{signed.market.url}/tuf/{path}.json").status_code == 404


def test_which_project_has_an_id_is_a_target(published):
    signed, _ = published
    said = signed.client.download(plugin_path("poll"))
    assert said == plugin_document("poll", "chat-poll")
    assert json.loads(said) == {"id": "poll", "distribution": "chat-poll"}
    assert not signed.client.is_target(plugin_path("nobody"))


def test_one_upload_signs_one_bin_the_snapshot_and_the_timestamp(signed):
    """The first of a plugin the bin of its id as well."""
    signed.market.publish("poll")
    signed.market.publish("dice", "0.9.0")
    listed = signed.metadata(f"{signed.metadata('timestamp')['meta']['snapshot.json']['version']}.snapshot")["meta"]
    assert listed[f"bin-{bin_of('dice')}.json"]["version"] == 2
    before = signed.metadata("timestamp")["meta"]["snapshot.json"]["version"]
    earlier = signed.metadata(f"{before}.snapshot")["meta"]
    signed.market.publish("dice")
    after = signed.metadata("timestamp")["meta"]["snapshot.json"]["version"]
    later = signed.metadata(f"{after}.snapshot")["meta"]
    assert after == before + 1
    assert [name for name in later if later[name] != earlier[name]] == [
        f"bin-{target_folder('chat-dice').split('/')[0]}.json"
    ]


def test_signatures_of_two_processes_follow_one_another(signed):
    signed.market.publish("poll")
    first = signed.metadata("timestamp")["version"]
    other = Database(signed.market.database.url)  # as a command of the operator has its own
    with other.write_directly() as direct:
        Signing(other, signed.market.settings.keys, signed.market.settings.blobs).sign_roles(direct, ["bin-00"])
    other.close()
    signed.market.publish("dice")
    timestamp = signed.metadata("timestamp")
    listed = signed.metadata(f"{timestamp['meta']['snapshot.json']['version']}.snapshot")["meta"]
    assert timestamp["version"] == first + 2
    assert listed["bin-00.json"]["version"] == signed.metadata("bin-00")["version"]
    assert signed.client.is_target(page_path("chat-dice"))
    assert signed.client.is_target(page_path("chat-poll"))


def test_an_upload_that_is_undone_leaves_no_gap_in_the_versions(signed):
    signed.market.publish("poll")
    before = signed.metadata("timestamp")["version"]

    def sign_and_fail() -> None:
        with signed.market.database.write_directly() as direct:
            signed.signing.sign_roles(direct, ["bin-00"])
            raise LookupError

    with pytest.raises(LookupError):
        sign_and_fail()
    signed.market.publish("dice")
    assert signed.metadata("timestamp")["version"] == before + 1
    assert signed.client.is_target(page_path("chat-dice"))


def test_a_held_file_is_no_target_until_it_is_released(signed, tmp_path):
    source = plugin_source("poll", "1.0.0")
    source.files["chat_poll/compiled.pyc"] = "x"
    wheel = source.build(tmp_path / "held")
    answer = signed.market.upload(wheel)
    assert "held for review" in answer.text, answer.text
    path = f"{target_folder('chat-poll')}{wheel.name}"
    assert not signed.client.is_target(path)
    with signed.market.database.write() as session:
        release(session, wheel.name)
        signed.signing.sign_changes(Direct.within(session))
    assert signed.client.download(path) == wheel.read_bytes()


def test_a_yanked_file_stays_a_target_and_the_page_that_says_so_is_signed(signed):
    wheel = signed.market.publish("poll")
    path = f"{target_folder('chat-poll')}{wheel.name}"
    with signed.market.database.write() as session:
        yank(session, "poll", "1.0.0", "it is broken")
        signed.signing.sign_changes(Direct.within(session))
    assert signed.client.download(path) == wheel.read_bytes()
    assert json.loads(signed.client.download(page_path("chat-poll")))["files"][0]["yanked"] == "it is broken"


def test_a_quarantined_project_loses_its_targets_but_neither_its_page_nor_its_id(signed):
    wheel = signed.market.publish("poll")
    with signed.market.database.write() as session:
        set_status(session, "poll", "quarantined", "being looked at")
        signed.signing.sign_changes(Direct.within(session))
    assert not signed.client.is_target(f"{target_folder('chat-poll')}{wheel.name}")
    assert signed.client.is_target(plugin_path("poll"))  # else the next marketplace could take it
    page = json.loads(signed.client.download(page_path("chat-poll")))
    assert page["files"] == []
    assert page["project-status"] == {"status": "quarantined", "reason": "being looked at"}


def test_a_change_that_nobody_signed_is_signed_by_the_next_look(signed):
    signed.market.publish("poll")
    with signed.market.database.write() as session:
        yank(session, "poll", "1.0.0", "by a command without the keys")
    signed.signing.keep_fresh()
    page = json.loads(signed.client.download(page_path("chat-poll")))
    assert page["files"][0]["yanked"] == "by a command without the keys"


def test_a_refused_upload_signs_nothing(signed, tmp_path):
    wheel = signed.market.publish("poll")
    before = signed.metadata("timestamp")["version"]
    other = build_plugin(tmp_path / "other", "poll", "1.0.0", changelog="## 1.0.0\nother bytes")
    assert other.name == wheel.name
    assert signed.market.upload(other).status_code == 409
    assert signed.market.upload(wheel).status_code == 200  # the same bytes again
    assert signed.metadata("timestamp")["version"] == before


def test_the_server_signs_anew_when_half_the_time_is_over(signed):
    signed.market.publish("poll")
    assert signed.signing.keep_fresh() == []
    assert signed.signing.keep_fresh(now() + timedelta(hours=25)) == ["timestamp"]
    before = signed.metadata("timestamp")
    assert set(signed.signing.keep_fresh(now() + timedelta(days=4))) == {"snapshot", "timestamp"}
    # Every bin too, and never root and targets, whose keys are not here.
    due = signed.signing.keep_fresh(now() + timedelta(days=200))
    assert len(due) == 256 + 1 + 2
    assert {"root", "targets"} & set(due) == set()
    assert signed.metadata("timestamp")["version"] == before["version"] + 2
    assert set(signed.signing.expiring_offline(now() + timedelta(days=340))) == {"root", "targets"}
    signed.client.refreshed()


def test_without_its_online_keys_the_server_says_which_is_missing(signed):
    for path in signed.market.settings.keys.glob("snapshot-*"):
        path.unlink()
    signing = Signing(signed.market.database, signed.market.settings.keys, signed.market.settings.blobs)
    with pytest.raises(KeysMissing, match="the snapshot key that the marketplace signs with is not in"):
        signing.keep_fresh(now() + timedelta(days=30))


def test_a_marketplace_without_keys_takes_uploads_and_signs_them_at_its_first_ceremony(market, tmp_path):
    wheel = market.publish("poll")
    assert httpx.get(f"{market.url}/tuf/timestamp.json").status_code == 404
    signed = SignedMarket(market, tmp_path)
    assert signed.client.download(f"{target_folder('chat-poll')}{wheel.name}") == wheel.read_bytes()


def test_only_a_few_versions_are_kept_of_what_changes_often(signed):
    for number in range(20):
        signed.market.publish("poll", f"1.0.{number}")
        signed.metadata("timestamp")  # else all of them would be signed together
    newest = signed.metadata("timestamp")["meta"]["snapshot.json"]["version"]
    assert httpx.get(f"{signed.market.url}/tuf/{newest - 15}.snapshot.json").status_code == 200
    assert httpx.get(f"{signed.market.url}/tuf/{newest - 16}.snapshot.json").status_code == 404
    assert httpx.get(f"{signed.market.url}/tuf/1.root.json").status_code == 200


def test_a_publishers_signature_is_verified_kept_and_signed_with_the_rest(signed, tmp_path):
    make_publisher_key(tmp_path / "alice.pem")
    wheel = build_plugin(tmp_path / "wheels", "poll", "1.0.0")
    field = attested(wheel, tmp_path / "alice.pem")
    answer = signed.market.upload(wheel, attestations=field.replace("payloadType", "payloadKind"))
    assert answer.status_code == 200, answer.text  # of a kind that this marketplace does not know
    other = build_plugin(tmp_path / "wheels", "dice", "1.0.0")
    refused = signed.market.upload(other, attestations=field)
    assert (refused.status_code, "is another file's" in refused.text) == (400, True)
    assert signed.market.upload(other, attestations="nonsense").status_code == 400
    assert signed.market.upload(other, attestations=attested(other, tmp_path / "alice.pem")).status_code == 200
    target = f"{target_folder('chat-dice')}{other.name}.attestation"
    digest = hashlib.sha256(other.read_bytes()).hexdigest()
    kept = read_attestation(signed.client.download(target), other.name, digest)
    assert signed.market.project("chat-dice")["files"][0]["_jackfield"]["attestation"]
    assert f"[{signed.client.download(target).decode()}]" == attested(other, tmp_path / "alice.pem")
    assert len(kept.key) == 64
