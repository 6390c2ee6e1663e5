"""`jackfield publish`: a wheel is looked at, signed and sent; its user sees the key."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.permissions import key_in_words

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.processes import free_port
from tests.support.wheels import build_plugin, manifest_text, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C39")]

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "trust.md").read_text("utf-8")


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory):
    with running_marketplace(tmp_path_factory.mktemp("signing")) as running:
        yield running


@pytest.fixture
def author(desk, signing: RunningMarketplace):
    return replace(desk, more={"JACKFIELD_TOKEN": signing.token()})


def test_a_wheel_is_signed_with_a_key_that_is_made_for_it(author, signing, tmp_path):
    key = tmp_path / "alice.pem"
    first = build_plugin(tmp_path / "dist", "sent", "1.0.0")
    done = author.run("publish", first, "--key", key, "--make-key", "--json", market=signing.url)
    assert done.code == 0, done.err
    (published,) = done.json["published"]
    assert (published["plugin"], published["version"], published["key"]) == ("sent", "1.0.0", done.json["made_key"])
    assert key.stat().st_mode & 0o777 == 0o600
    words = key_in_words(published["key"])
    assert f"key        {words}" in author.run("info", "sent", market=signing.url).out
    again = author.run("publish", first, "--key", key, "--make-key", market=signing.url)
    assert (again.code, "is there already" in again.err) == (2, True)
    second = build_plugin(tmp_path / "dist", "sent", "1.1.0")
    told = author.run("publish", second, "--key", key, market=signing.url)
    assert f"signed with the key {words}" in told.out


def test_without_a_key_it_says_that_it_is_not_signed(author, signing, tmp_path):
    wheel = build_plugin(tmp_path, "unsigned-sent")
    done = author.run("publish", wheel, "--to", signing.url, market="")
    assert done.code == 0, done.err
    assert "not signed by you" in done.out


@pytest.mark.parametrize("what", ["summary", "unknown-key"])
def test_what_only_an_upload_refuses_is_told_before_it_is_sent(author, signing, tmp_path, what):
    source = plugin_source("bounded-sent")
    if what == "summary":
        source.metadata_lines = ["Summary: " + "x" * 513]
        told = "Summary has 513 characters"
    else:
        source = plugin_source("bounded-sent", manifest=manifest_text("bounded-sent") + "\ncolour = 1\n")
        told = "colour"
    done = author.run("publish", source.build(tmp_path), market=signing.url)
    assert done.code == 1
    assert "would be refused" in done.err
    assert told in done.err


def test_what_would_be_refused_is_not_sent(author, signing, tmp_path):
    source = plugin_source("hostile-sent")
    source.files["evil.pth"] = "import evil"
    done = author.run("publish", source.build(tmp_path), market=signing.url)
    assert done.code == 1
    assert "would be refused" in done.err
    assert "evil.pth" in done.err
    assert author.run("info", "hostile-sent", market=signing.url).code == 1


def test_what_the_marketplace_refuses_is_one_sentence(author, signing, tmp_path):
    wheel = build_plugin(tmp_path, "taken")
    signing.publish("taken", user="bob")
    refused = author.run("publish", wheel, market=signing.url)
    assert refused.code == 1
    assert "bob" in refused.err
    token = tmp_path / "token"
    token.write_text("nonsense\n")
    nobody = author.run("publish", wheel, "--token-file", token, market=signing.url)
    assert nobody.code == 1
    assert "401" in nobody.err
    assert "nonsense" not in nobody.err + nobody.out
    assert nobody.err.count("an upload needs a token") == 1
    assert "hint: name a token that counts there: JACKFIELD_TOKEN, --token-file FILE" in nobody.err


def test_mistakes_are_usage(author, tmp_path, signing):
    wheel = build_plugin(tmp_path, "mistaken")
    assert author.run("publish", market=signing.url).code == 2
    assert author.run("publish", tmp_path / "nothing.whl", market=signing.url).code == 2
    assert author.run("publish", wheel, "--make-key", market=signing.url).code == 2
    assert author.run("publish", wheel, market="").code == 2
    nothing = author.run("publish", wheel, "--key", tmp_path / "nothing.pem", market=signing.url)
    assert nothing.code == 1
    assert f"error: there is no key {tmp_path / 'nothing.pem'}\nhint: the first time: --make-key" in nothing.err
    assert author.run("publish", wheel, market=f"http://127.0.0.1:{free_port()}").code == 5


def test_the_commands_of_the_page_run_as_they_are_written(author, signing, tmp_path, monkeypatch):
    build_plugin(tmp_path / "dist", "poll", "1.0.0")
    lines = re.findall(r"^jackfield (publish.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 2
    monkeypatch.chdir(tmp_path)
    for line in lines:
        done = author.run(*line.split(), market=signing.url)
        assert done.code == 0, f"{line}: {done.err}"
