"""What the operator revokes: what is signed of it, what pages and the API say, and uploads that do not come back."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from jackfield.manifest import REVOCATIONS, read_revocations
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Codes, Contents, revoke, set_appeal, unrevoke
from jackfield_marketplace.cli import main
from jackfield_marketplace.db import Direct
from jackfield_marketplace.trust import Ceremony, Signing

from tests.support.tuf_client import PlainTufClient
from tests.support.wheels import build_plugin, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]

CODE = "from jackfield import Plugin\n\n\nclass Main(Plugin):\n    SECRET = 'this one sends your messages elsewhere'\n"


def revoked(market, name="poll", versions="*", files=(), *, severity="critical", advice="Change your passwords."):
    codes = Codes(Contents(market.database, DiskBlobs(market.settings.blobs)))
    signing = Signing(market.database, market.settings.keys, market.settings.blobs)
    with market.database.write() as session:
        told = revoke(session, codes, name, versions, files, reason="It reads mail.", severity=severity, advice=advice)
        signing.sign_changes(Direct.beside(session))
    return told.revocation


def appeals(market, address="appeals@example.org"):
    with market.database.write() as session:
        set_appeal(session, address)


def refusal(market, wheel: Path, user="bob"):
    """What `/plugins/submit` and `/legacy/` answer: status, code and sentence."""
    with wheel.open("rb") as file:
        answer = market.client.post(
            "/plugins/submit", files={"content": (wheel.name, file)}, auth=("__token__", market.tokens[user])
        )
    legacy = market.upload(wheel, user=user)
    assert (legacy.status_code, legacy.text.strip()) == (answer.status_code, answer.json()["detail"])
    return answer.status_code, answer.json().get("code"), answer.json()["detail"]


def sha256_of(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


class TestWhatIsShown:
    def test_the_page_and_the_api_say_why_and_where_to_disagree(self, market):
        wheel = market.publish("poll", "1.0.0")
        market.publish("poll", "1.1.0")
        appeals(market)
        revoked(market, "Poll", "<1.1")
        detail = market.client.get("/plugins/poll").json()
        (one,) = detail["revocations"]
        assert (one["plugin"], one["distribution"], one["versions"]) == ("poll", "chat-poll", "<1.1")
        assert (one["reason"], one["severity"], one["advice"]) == (
            "It reads mail.",
            "critical",
            "Change your passwords.",
        )
        assert one["files"] == [sha256_of(wheel)]
        assert detail["appeal"] == "appeals@example.org"
        assert {version["version"]: version["revoked"] for version in detail["versions"]} == {
            "1.1.0": None,
            "1.0.0": "critical",
        }
        assert market.client.get("/revocations").json() == {"appeal": "appeals@example.org", "revocations": [one]}
        page = market.client.get("/plugin/poll").text
        for words in ("Version &lt;1.1 was revoked", "It reads mail.", "Change your passwords.", "appeals@example.org"):
            assert words in page
        assert "1.0.0 (revoked)" in page
        assert "withdrawn" not in page

    def test_a_plugin_of_which_everything_is_revoked_keeps_its_page(self, market):
        market.publish("poll", "1.0.0")
        revoked(market)
        page = market.client.get("/plugin/poll").text
        assert "Every version was revoked" in page
        assert "Who disagrees" not in page  # the operator named no address

    def test_plain_pip_is_told_by_a_yank_and_what_does_harm_is_served_to_nobody(self, market):
        market.publish("poll", "1.0.0")
        (entry,) = market.project("chat-poll")["files"]
        address = f"/simple/chat-poll/{entry['url']}"
        assert market.client.get(address).status_code == 200
        number = revoked(market, severity="high").number
        (entry,) = market.project("chat-poll")["files"]
        assert entry["yanked"] == "revoked (high): It reads mail."
        assert market.client.get(address).status_code == 200
        worse = revoked(market, severity="critical").number
        (entry,) = market.project("chat-poll")["files"]
        assert entry["yanked"] == "revoked (critical): It reads mail."
        assert market.client.get(address).status_code == 404
        for one, status in ((number, 404), (worse, 200)):
            with market.database.write() as session:
                unrevoke(session, one)
            assert market.client.get(address).status_code == status
        assert market.project("chat-poll")["files"][0]["yanked"] is False


class TestWhatIsSigned:
    @pytest.fixture
    def client(self, market, tmp_path):
        signing = Signing(market.database, market.settings.keys, market.settings.blobs)
        Ceremony(market.database, market.settings.keys, signing).begin(tmp_path / "offline")
        return PlainTufClient(market.url, tmp_path / "client")

    def test_any_tuf_client_reads_the_list(self, market, client):
        assert not client.is_target(REVOCATIONS)
        wheel = market.publish("poll", "1.0.0")
        appeals(market)
        revoked(market)
        found = read_revocations(client.download(REVOCATIONS), source="the list")
        (one,) = found.revocations
        assert (one.plugin, one.distribution, one.versions, one.files) == (
            "poll",
            "chat-poll",
            "*",
            frozenset({sha256_of(wheel)}),
        )
        assert found.appeal == "appeals@example.org"
        assert one.names("_Poll", "", "1.0.0")

    def test_what_a_command_changed_the_server_signs_by_itself(self, market, client):
        market.publish("poll", "1.0.0")
        revoked(market, files=[])
        with market.database.write() as session:
            unrevoke(session, 1)  # without its keys, as on another machine
        Signing(market.database, market.settings.keys, market.settings.blobs).keep_fresh()
        assert read_revocations(client.download(REVOCATIONS), source="the list").revocations == ()

    def test_a_list_that_was_replaced_is_not_served_any_more(self, market, client):
        market.publish("poll", "1.0.0")
        revoked(market, severity="low")
        first = client.refreshed().get_targetinfo(REVOCATIONS)
        revoked(market, severity="high")
        old = f"/tuf/targets/{first.hashes['sha256']}.{REVOCATIONS}"
        assert market.client.get(old).status_code == 404
        assert client.is_target(REVOCATIONS)

    def test_it_is_packed_for_those_who_accept_that_and_never_changes(self, market, client):
        for number in range(20):
            revoked(market, f"other{number}")
        target = client.refreshed().get_targetinfo(REVOCATIONS)
        answer = market.client.get(f"/tuf/targets/{target.hashes['sha256']}.{REVOCATIONS}")
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        assert len(json.loads(answer.content)["revocations"]) == 20


class TestUploads:
    def test_the_same_bytes_do_not_come_back(self, market):
        wheel = market.publish("poll", "1.0.0")
        appeals(market)
        revoked(market, None, files=[sha256_of(wheel).upper()])
        status, code, said = refusal(market, wheel, user="alice")
        assert (status, code) == (403, "revoked-file")
        assert said == (
            "the bytes of chat_poll-1.0.0-py3-none-any.whl were revoked here (critical): It reads mail. "
            "Appeals: appeals@example.org"
        )

    def test_a_file_that_was_never_here_can_be_revoked_by_its_hash(self, market):
        wheel = build_plugin(market.wheels, "poll", "1.0.0")
        revoked(market, None, files=[sha256_of(wheel)])
        assert refusal(market, wheel)[:2] == (403, "revoked-file")

    def test_a_version_within_the_range_does_not_come_and_a_mended_one_does(self, market):
        market.publish("poll", "1.0.0", code=CODE)
        revoked(market, versions="<1.2", severity="high")
        wheel = build_plugin(market.wheels, "poll", "1.1.0", code=CODE)
        assert refusal(market, wheel, user="alice")[:2] == (403, "revoked-version")
        mended = build_plugin(market.wheels, "poll", "1.2.0", code=CODE)  # its manifest was what was wrong
        assert market.upload(mended).status_code == 200

    @pytest.mark.parametrize("spelling", ["p0ll", "po-ll", "pol1"])
    def test_a_spelling_variant_is_refused_while_the_name_is_revoked(self, market, spelling):
        market.publish("poll", "1.0.0")
        number = revoked(market, severity="high").number
        wheel = build_plugin(market.wheels, spelling, "1.0.0", code=CODE)
        status, code, said = refusal(market, wheel)
        assert (status, code) == (403, "revoked-name")
        assert "looks like poll, which was revoked here (high): It reads mail" in said
        with market.database.write() as session:
            unrevoke(session, number)
        assert "held for review" in market.upload(wheel, user="bob").text  # as any name that looks like another

    def test_a_name_that_nobody_registered_is_kept_out_too(self, market):
        revoked(market, "B_ad")
        assert refusal(market, build_plugin(market.wheels, "b-ad"))[:2] == (403, "revoked-version")
        assert refusal(market, build_plugin(market.wheels, "bad"))[:2] == (403, "revoked-name")

    def test_a_reupload_under_another_name_does_not_pass_and_a_file_more_does_not_help(self, market):
        market.publish("poll", "1.0.0", code=CODE)
        revoked(market)
        source = plugin_source("harmless", "3.0.0", code=CODE)
        source.files["chat_harmless/more.py"] = "A_FILE_THAT_WAS_NOT_THERE_BEFORE = True\n"
        source.readme = "Quite another plugin."
        status, code, said = refusal(market, source.build(market.wheels))
        assert (status, code) == (403, "revoked-contents")
        assert "holds all the code of a file that was revoked here" in said
        other = build_plugin(market.wheels, "honest", code=CODE.replace("elsewhere", "nowhere"))
        assert market.upload(other, user="bob").status_code == 200

    def test_what_should_only_be_left_may_be_part_of_another_plugin(self, market):
        market.publish("poll", "1.0.0", code=CODE)
        revoked(market, severity="low")
        assert market.upload(build_plugin(market.wheels, "other", code=CODE), user="bob").status_code == 200

    def test_plugins_that_are_all_but_empty_are_not_alike(self, market):
        market.publish("poll", "1.0.0", code="Main = 1\n")
        revoked(market)
        assert market.upload(build_plugin(market.wheels, "other", code="Main = 1\n"), user="bob").status_code == 200


@pytest.fixture
def run(tmp_path):
    """Runs a command on one data folder; returns its output, with the exit code checked."""

    def run(*arguments, status=0):
        done = CliRunner().invoke(main, [*arguments, "--data", str(tmp_path / "data")])
        assert done.exit_code == status, done.output
        assert "Traceback" not in done.output
        return done.output

    return run


def test_the_operator_revokes_by_command_beside_the_running_server(operated):
    wheel = operated.publish("vote", "1.0.0", code=CODE)
    said = operated.run(
        "revoke", "vote", "<2", "--reason", "It reads mail.", "--severity", "critical", "--advice", "Leave it."
    )
    number = re.search(r"revoked as number (\d+): vote <2", said)
    assert number is not None
    assert wheel.name in said
    assert "nobody is told where to disagree" in said
    assert operated.run("appeal", "https://example.org/appeals") == "appeals go to https://example.org/appeals\n"
    listed = operated.run("revocations")
    assert f"{number[1]}  " in listed
    assert "vote <2: It reads mail." in listed
    assert "advice: Leave it." in listed
    assert "appeals go to https://example.org/appeals" in listed
    answer = operated.upload(wheel)
    assert (answer.status_code, "were revoked here" in answer.text) == (403, True)
    operated.run("unrevoke", number[1])
    assert operated.upload(wheel).status_code == 200
    assert "taken back" in operated.run("revocations", "--all")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reason", "x", "--severity", "high"], "name a plugin, or a file with --file"),
        (["vote", "--reason", " ", "--severity", "high"], "say why"),
        (["vote", "one", "--reason", "x", "--severity", "high"], "is no range of versions"),
        (["--file", "abc", "--reason", "x", "--severity", "high"], "is no sha256"),
    ],
)
def test_a_mistake_is_one_line_and_revokes_nothing(run, words, said):
    assert said in run("revoke", *words, status=2)
    assert "appeals go nowhere" in run("revocations")


def test_only_what_is_revoked_can_be_taken_back(run):
    assert "no revocation has the number 7" in run("unrevoke", "7", status=2)
