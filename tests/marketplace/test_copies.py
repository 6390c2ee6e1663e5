"""Revoking a copy: the plugin that it was copied from is named before anything is stopped."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Codes, Contents, CopiesFound, read_ahead
from jackfield_marketplace.catalog import revoke as revoke_within
from jackfield_marketplace.cli import main
from jackfield_marketplace.db import File, Revoked
from sqlalchemy import select

from tests.support.wheels import plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33")]

CODE = "from jackfield import Plugin\n\n\nclass Main(Plugin):\n    WORDS = 'which many rooms have come to like'\n"


@pytest.fixture
def copied(market) -> None:
    """The original, a version of the copy that is revoked, one of it with other code, and a plugin of a file more."""
    market.publish("popular", "1.0.0", code=CODE)
    market.publish("copied", "1.0.0", code=f"{CODE}\nOTHER = True\n")
    market.publish("copied", "2.0.0", code=CODE)
    more = plugin_source("alike", "1.0.0", code=CODE)
    more.files["chat_alike/more.py"] = "A_FILE_THAT_NO_OTHER_PLUGIN_HERE_HAS = True\n"
    assert market.upload(more.build(market.wheels)).status_code == 200


def revoke(market, *words: str, severity: str = "high") -> Result:
    arguments = ["revoke", *words, "--severity", severity, "--reason", "It pretends.", "--data"]
    return CliRunner().invoke(main, [*arguments, str(market.settings.data)])


def stopped(market) -> set[str]:
    """The files of which the pages say that they are revoked."""
    with market.database.read() as session:
        return set(session.scalars(select(File.filename).where(File.revoked.is_not(None))))


@pytest.mark.usefixtures("copied")
class TestACopyIsRevoked:
    def test_the_original_is_named_and_nothing_is_revoked(self, market):
        ended = revoke(market, "copied", "==2.0.0")
        assert ended.exit_code == 2, ended.output
        assert "nothing is revoked yet: the same code is in popular (chat_popular-1.0.0-py3" in ended.output
        assert "--also-copies" in ended.output
        assert "--only-this" in ended.output
        assert "alike" not in ended.output  # one equal file is not all of its code
        assert stopped(market) == set()

    def test_only_this_goes_by_names_and_hashes(self, market):
        ended = revoke(market, "copied", "==2.0.0", "--only-this")
        assert ended.exit_code == 0, ended.output
        assert "left as it is, with the same code: popular (chat_popular-1.0.0-py3-none-any.whl)" in ended.output
        assert stopped(market) == {"chat_copied-2.0.0-py3-none-any.whl"}
        with market.database.read() as session:
            assert session.scalars(select(Revoked.contents)).one() == []
        assert market.publish("popular", "1.0.1", code=CODE)  # the original goes on

    def test_also_copies_revokes_them_as_well(self, market):
        ended = revoke(market, "copied", "==2.0.0", "--also-copies")
        assert ended.exit_code == 0, ended.output
        assert stopped(market) == {"chat_copied-2.0.0-py3-none-any.whl", "chat_popular-1.0.0-py3-none-any.whl"}

    def test_a_program_is_told_the_same(self, market):
        ended = revoke(market, "copied", "==2.0.0", "--json")
        told = json.loads(ended.stdout.splitlines()[0])
        assert (ended.exit_code, [one["name"] for one in told["copies"]]) == (2, ["popular"])
        told = json.loads(revoke(market, "copied", "==2.0.0", "--only-this", "--json").stdout)
        assert told["filenames"] == ["chat_copied-2.0.0-py3-none-any.whl"]
        assert [one["filename"] for one in told["left"]] == ["chat_popular-1.0.0-py3-none-any.whl"]

    def test_what_nobody_else_holds_needs_no_word(self, market):
        assert revoke(market, "copied", "==1.0.0").exit_code == 0

    def test_what_should_only_be_left_stops_nobody_and_needs_no_word(self, market):
        assert revoke(market, "copied", severity="low").exit_code == 0
        assert stopped(market) == {"chat_copied-1.0.0-py3-none-any.whl", "chat_copied-2.0.0-py3-none-any.whl"}


class Noting(Contents):
    """The marketplace's own bytes, noting which of them are asked for."""

    def __init__(self, market) -> None:
        super().__init__(market.database, DiskBlobs(market.settings.blobs))
        self.asked: list[str] = []

    def find(self, sha256):
        self.asked.append(sha256)
        return super().find(sha256)


@pytest.mark.usefixtures("copied")
class TestOthersWriteWhileWheelsAreRead:
    def test_nothing_that_was_read_before_is_read_in_the_transaction(self, market):
        contents = Noting(market)
        codes = Codes(contents)
        with market.database.read() as session:
            read_ahead(session, codes, "copied", "==2.0.0", severity="high")
            market.publish("beside", "1.0.0", code=f"{CODE}\nBESIDE = True\n")  # nobody has to wait
        assert len(contents.asked) == 3  # the one that is meant, and the two of other projects
        contents.asked.clear()
        with pytest.raises(CopiesFound) as told, market.database.write() as session:
            revoke_within(session, codes, "copied", "==2.0.0", severity="high", reason="It pretends.")
        assert [one.name for one in told.value.copies] == ["popular"]
        with market.database.read() as session:
            came = session.scalars(select(File.sha256).where(File.filename.startswith("chat_beside-"))).one()
        assert contents.asked == [came]

    def test_a_copy_that_comes_between_is_found_all_the_same(self, market):
        codes = Codes(Noting(market))
        with market.database.read() as session:
            read_ahead(session, codes, "copied", "==2.0.0", severity="high")
        market.publish("between", "1.0.0", code=CODE)
        with pytest.raises(CopiesFound) as told, market.database.write() as session:
            revoke_within(session, codes, "copied", "==2.0.0", severity="high", reason="It pretends.")
        assert {one.name for one in told.value.copies} == {"popular", "between"}
