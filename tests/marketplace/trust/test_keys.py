"""The ceremony by its commands: keys that are made, replaced, lost, and signed with on another machine."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
from pathlib import Path

import httpx
import pytest
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
    assert "3 signatures added" in keys("sign", draft, "--keys", offline, data=tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    keys("publish", draft, data=data)
    assert "version 2" in shown(data)["root"]
    assert "root 3 comes next" in keys("publish", draft, data=data, fails=True)


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
    (tmp_path / "nonsense").write_text("{}")
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
