"""The ceremony by its commands: keys that are made, replaced, lost, and signed with on another machine."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jackfield.manifest import page_path
from jackfield_marketplace.trust import fingerprint

from tests.support.marketplace import SCRIPT, RunningMarketplace
from tests.support.processes import clean_environment, script
from tests.support.tuf_client import PlainTufClient

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]


def keys(*words: str | Path, data: Path, fails: bool = False, said: str | None = None) -> str:
    done = subprocess.run(
        [script(SCRIPT), "keys", *map(str, words), "--data", str(data)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        input=said,
        timeout=30,
        check=False,
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if fails else done.stdout


def shown(data: Path) -> dict[str, str]:
    return {line.split()[0]: line for line in keys("show", data=data).splitlines()}


def test_serve_makes_keys_for_itself_and_the_offline_ones_beside_its_data(operated: RunningMarketplace):
    offline = operated.data.with_name(f"{operated.data.name}-offline-keys")
    assert {path.name.split("-")[0] for path in offline.iterdir()} == {"root", "targets"}
    assert {path.name.split("-")[0] for path in (operated.data / "keys").iterdir()} == {"bins", "snapshot", "timestamp"}
    for path in (*offline.iterdir(), *(operated.data / "keys").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(shown(operated.data)) == {"clients", "root", "targets", "bins", "snapshot", "timestamp"}


def test_the_root_that_clients_show_is_shown_here_whatever_was_replaced_since(operated: RunningMarketplace):
    first = hashlib.sha256(httpx.get(f"{operated.url}/tuf/1.root.json").content).hexdigest()
    keys("rotate", "root", data=operated.data)
    assert shown(operated.data)["clients"] == f"clients know this marketplace by the root {fingerprint(first)}"


def test_every_key_can_be_replaced_while_the_server_runs(operated: RunningMarketplace, tmp_path):
    operated.publish("poll")
    client = PlainTufClient(operated.url, tmp_path)
    client.refreshed()
    for role in ("timestamp", "snapshot", "bins", "targets", "root"):
        before = shown(operated.data)[role].partition("version")[0]
        assert f"{role} has the key" in keys("rotate", role, data=operated.data)
        assert shown(operated.data)[role].partition("version")[0] != before
        client.refreshed()
    # The old online keys are gone from the disk, and the running server signs with the new ones.
    assert len(list((operated.data / "keys").iterdir())) == 3
    operated.publish("dice")
    page = json.loads(client.download(page_path("chat-dice")))
    assert page["name"] == "chat-dice"


def test_root_and_targets_are_renewed(operated: RunningMarketplace):
    assert "hold for another year" in keys("sign", data=operated.data)


def test_refresh_by_cron_has_nothing_to_do_beside_a_running_server(operated: RunningMarketplace):
    assert keys("refresh", data=operated.data) == "nothing has to be signed\n"


def test_the_keys_sign_on_a_machine_of_their_own(tmp_path):
    data, offline, draft = tmp_path / "data", tmp_path / "stick", tmp_path / "draft.json"
    keys("init", "--keys", offline, "--root-keys", "3", "--threshold", "2", data=data)
    assert "2 of 3 sign" in shown(data)["root"]
    keys("rotate", "timestamp", "--draft", draft, data=data)
    assert "signatures are missing" in keys("publish", draft, data=data, fails=True)
    said = keys("sign", draft, "--keys", offline, data=tmp_path / "elsewhere")
    assert "3 signatures added" in said
    (new,) = json.loads(draft.read_text())["root"]["signed"]["roles"]["timestamp"]["keyids"]
    assert f"timestamp {fingerprint(new)}  1 of 1 sign" in said
    assert said.startswith("root 2, until ")
    assert not (tmp_path / "elsewhere").exists()
    keys("publish", draft, data=data)
    assert "version 2" in shown(data)["root"]
    assert "root 3 comes next" in keys("publish", draft, data=data, fails=True)


def changed(draft: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A draft that whoever has the server has changed, on its way to the machine of the keys."""
    made = json.loads(draft.read_text())
    change(made)
    draft.write_text(json.dumps(made))
    return draft


def test_a_changed_draft_is_shown_or_refused_where_it_is_signed(tmp_path):
    """The machine of the keys knows nothing but the draft, which comes from a server that somebody may have taken."""
    data, offline, draft = tmp_path / "data", tmp_path / "stick", tmp_path / "draft.json"
    keys("init", "--keys", offline, data=data)
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    thief = {"keytype": "ed25519", "keyval": {"public": public}, "scheme": "ed25519"}
    theirs = hashlib.sha256(json.dumps(thief, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def with_root_key(made):
        made["root"]["signed"]["keys"][theirs] = thief
        made["root"]["signed"]["roles"]["root"]["keyids"].append(theirs)

    def with_borrowed_name(made):
        signed = made["root"]["signed"]
        signed["keys"][signed["roles"]["root"]["keyids"][0]] = thief

    def with_a_bin_of_their_own(made):
        delegations = made["targets"]["signed"]["delegations"]
        delegations["keys"][theirs] = thief
        delegations["roles"][7]["keyids"] = [theirs]

    def with_a_target(made):
        made["targets"]["signed"]["targets"]["e1/chat-poll/index.json"] = {"length": 1, "hashes": {"sha256": "0" * 64}}

    for change, sentence in (
        (with_borrowed_name, "calls a key by another's name"),
        (with_a_bin_of_their_own, "has keys of their own for some bins"),
        (with_a_target, "is none of ours"),
    ):
        keys("sign", "--draft", draft, data=data)
        before = changed(draft, change).read_text()
        assert f"{sentence}; it was not signed" in keys("sign", draft, "--keys", offline, data=data, fails=True)
        assert draft.read_text() == before
    keys("sign", "--draft", draft, data=data)
    said = keys("sign", changed(draft, with_root_key), "--keys", offline, data=data)
    assert f"{fingerprint(theirs)} (not here)" in said


def test_what_was_written_into_the_database_is_not_signed_by_the_next_ceremony(tmp_path):
    data, offline = tmp_path / "data", tmp_path / "stick"
    keys("init", "--keys", offline, data=data)
    with closing(sqlite3.connect(data / "marketplace.sqlite3")) as database, database:
        (body,) = database.execute("SELECT body FROM signed_metadata WHERE role = 'root'").fetchone()
        root = json.loads(body)
        root["signed"]["roles"]["root"]["keyids"].append(root["signed"]["roles"]["timestamp"]["keyids"][0])
        database.execute("UPDATE signed_metadata SET body = ? WHERE role = 'root'", (json.dumps(root).encode(),))
    for words in (("rotate", "timestamp"), ("sign",)):
        said = keys(*words, "--keys", offline, data=data, fails=True)
        assert "are not what the offline keys have signed" in said


def test_a_lost_root_key_is_replaced_with_the_signatures_of_the_others(tmp_path):
    data, offline = tmp_path / "data", tmp_path / "stick"
    keys("init", "--keys", offline, "--root-keys", "3", "--threshold", "2", data=data)
    lost = min(offline.glob("root-*"))
    lost.unlink()
    assert "keys of root begin with ''" in keys("rotate", "root", "--keys", offline, data=data, fails=True)
    keys("rotate", "root", "--keys", offline, "--lost", lost.stem.removeprefix("root-"), data=data)
    assert "version 2" in shown(data)["root"]
    assert lost.stem.removeprefix("root-")[:4] not in shown(data)["root"].split()


def test_offline_keys_may_have_a_passphrase(tmp_path):
    data, offline = tmp_path / "data", tmp_path / "stick"
    keys("init", "--keys", offline, "--encrypt", data=data, said="a secret\na secret\n")
    assert all(b"ENCRYPTED" in path.read_bytes() for path in offline.iterdir())
    keys("sign", "--keys", offline, data=data, said="a secret\na secret\n")
    assert "cannot be read as a key" in keys("sign", "--keys", offline, data=data, said="wrong\nwrong\n", fails=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rotate", "root"), "this marketplace has no keys yet"),
        (("sign",), "this marketplace has no keys yet"),
        (("init", "--threshold", "2"), "2 of 1 root keys can never sign"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, words, sentence):
    assert sentence in keys(*words, data=tmp_path / "data", fails=True)


def test_without_the_offline_keys_nothing_is_signed(tmp_path):
    data = tmp_path / "data"
    keys("init", "--keys", tmp_path / "stick", data=data)
    assert "no key of root or targets lies in" in keys("sign", data=data, fails=True)
    assert "this marketplace has its keys" in keys("init", data=data, fails=True)
    for nonsense in ("{}", "[" * 100_000):
        (tmp_path / "nonsense").write_text(nonsense)
        assert "this is no draft" in keys("publish", tmp_path / "nonsense", data=data, fails=True)


def test_starting_over_asks_and_makes_every_key_anew(tmp_path):
    data, stick = tmp_path / "data", tmp_path / "stick"
    assert "no keys yet" in keys("start-over", "--yes", data=data, fails=True)
    keys("init", "--keys", tmp_path / "lost", data=data)
    before = shown(data)
    keys("start-over", "--keys", stick, data=data, said="n\n", fails=True)
    assert shown(data) == before
    assert not stick.exists()
    assert "jackfield trust pin ADDRESS#root=" in keys("start-over", "--keys", stick, data=data, said="y\n")
    after = shown(data)
    assert "version 1" in after["root"]
    assert all(before[role].split("version")[0] != after[role].split("version")[0] for role in before)
    assert len(list((data / "keys").iterdir())) == 3
