"""`jackfield trust`, and what `info` says of a publisher's key."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
import pytest
from jackfield.inspection import make_publisher_key
from jackfield.permissions import key_in_words

from tests.support.marketplace import RunningMarketplace, running_marketplace

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "trust.md").read_text("utf-8")

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33", "C35")]


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory):
    with running_marketplace(tmp_path_factory.mktemp("signing")) as running:
        yield running


def first_root(market: RunningMarketplace) -> str:
    return hashlib.sha256(httpx.get(f"{market.url}/tuf/1.root.json").content).hexdigest()


def test_the_list_shows_each_marketplace_with_its_root(desk, signing):
    signing.publish("shown")
    nothing = desk.run("trust", market=signing.url)
    assert "none: not met yet, or it signs nothing" in nothing.out
    assert desk.run("install", "shown", "--yes", "--accept-permissions", market=signing.url).code == 0
    told = desk.run("trust", market=signing.url)
    assert told.out.startswith("MARKETPLACE") or "MARKETPLACE" in told.out.splitlines()[0]
    root = " ".join(first_root(signing)[start : start + 4] for start in range(0, 32, 4))
    assert root in told.out
    (row,) = desk.run("trust", "list", "--json", market=signing.url).json["marketplaces"]
    assert (row["url"], row["place"], row["plugins"]) == (signing.url, 1, ["shown"])
    assert row["known"]["root"] == first_root(signing)


def test_signatures_are_demanded_and_a_refusal_is_one_line_with_exit_code_3(desk, signing):
    signing.publish("unsigned")
    assert desk.run("trust", "demand", "publisher", market=signing.url).code == 0
    assert "its and the publisher's signature" in desk.run("trust", market=signing.url).out
    refused = desk.run("install", "unsigned", "--yes", "--accept-permissions", market=signing.url)
    assert refused.code == 3
    assert "unsigned 1.0.0 has no signature of its publisher" in refused.err
    assert "unsigned" not in desk.rows()
    assert desk.run("trust", "demand", "nothing", "--of", signing.url, market=signing.url).code == 0
    assert desk.run("install", "unsigned", "--yes", "--accept-permissions", market=signing.url).code == 0


def test_forgetting_asks_and_pinning_needs_the_root(desk, signing):
    signing.publish("again")
    desk.run("install", "again", "--yes", "--accept-permissions", market=signing.url)
    assert desk.run("trust", "forget", signing.url, market=signing.url, typed="n\n").code == 3
    assert desk.run("trust", "forget", signing.url, market=signing.url).code == 3
    (row,) = desk.run("trust", "--json", market=signing.url).json["marketplaces"]
    assert row["known"] is not None
    assert desk.run("trust", "forget", signing.url, market=signing.url, typed="y\n").code == 0
    (row,) = desk.run("trust", "--json", market=signing.url).json["marketplaces"]
    assert row["known"] is None
    assert desk.run("trust", "pin", signing.url, market=signing.url).code == 2
    assert desk.run("trust", "pin", f"{signing.url}#root={'0' * 32}", market=signing.url).code == 6
    done = desk.run("trust", "pin", f"{signing.url}#root={first_root(signing)[:32]}", market=signing.url)
    assert done.code == 0
    assert "is known by its root" in done.out


def test_info_shows_the_publishers_key_before_an_install_and_after(desk, signing, tmp_path: Path):
    path = tmp_path / "alice.pem"
    words = key_in_words(make_publisher_key(path))
    signing.publish("keyed", "1.0.0", key=path)
    assert f"key        {words}" in desk.run("info", "keyed", market=signing.url).out
    installing = desk.run("install", "keyed", "--yes", "--accept-permissions", market=signing.url)
    assert installing.code == 0
    assert f"key        {words}" in desk.run("info", "keyed", market=signing.url).out
    signing.publish("keyed", "1.1.0")
    assert f"{words} of what is installed, none of 1.1.0" in desk.run("info", "keyed", market=signing.url).out


def test_the_commands_of_the_page_run_as_they_are_written(desk, signing):
    signing.publish("of-the-page")
    desk.run("install", "of-the-page", "--yes", "--accept-permissions", market=signing.url)
    lines = re.findall(r"^jackfield (trust.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 7
    for line in lines:
        here = line.replace("34f3c0eb26998ed8b873fab5056f0210", first_root(signing)[:32])
        words = here.replace("https://plugins.example.org", signing.url).split()
        done = desk.run(*words, market=signing.url)
        assert done.code == 0, f"{line}: {done.err}"
