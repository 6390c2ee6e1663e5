"""Uploads that wait for a person: what is held for review, and how nobody passes by it."""

import hashlib

import pytest
from jackfield.errors import UsageError
from jackfield_marketplace import review
from jackfield_marketplace.accounts import find_user
from jackfield_marketplace.catalog import reserve, set_status

from tests.support.wheels import WheelSource, build_plugin, manifest_text, plugin_source


def test_quarantine_serves_a_file_to_nobody_until_a_person_releases_it(market):
    library = WheelSource("plain-lib", files={"plain_lib/__init__.py": "", "plain.pth": "import os\n"})
    path = library.build(market.wheels)
    answer = market.upload(path)
    assert answer.status_code == 200
    assert "held for review" in answer.text
    assert "plain.pth" in answer.text
    assert market.project("plain-lib")["project-status"] == {"status": "quarantined"}
    assert market.project("plain-lib")["files"] == []
    assert 'content="quarantined"' in market.client.get("/simple/plain-lib/").text
    with market.database.read() as session:
        (held,) = review.quarantined(session)
    assert held.filename == path.name
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert market.client.get(f"/files/{sha256}/{path.name}").status_code == 404
    with market.database.write() as session:
        review.release(session, path.name)
    assert market.client.get(f"/files/{sha256}/{path.name}").status_code == 200
    assert market.project("plain-lib")["project-status"] == {"status": "active"}


def test_a_name_that_looks_like_anothers_is_held(market):
    market.publish("poll")
    answer = market.upload(build_plugin(market.wheels, "p0ll"), user="bob")
    assert "held for review" in answer.text
    assert "looks like" in answer.text
    assert market.client.get("/plugins/p0ll").status_code == 404
    assert [one["id"] for one in market.client.get("/plugins/search?q=p0ll").json()["plugins"]] == ["poll"]


def test_a_second_upload_does_not_pass_by_the_review_of_the_first(market, tmp_path):
    market.publish("poll")
    (first := plugin_source("p0ll")).name = "chat-p0ll"
    assert "held for review" in market.upload(first.build(tmp_path)).text
    second = plugin_source("p0ll", "1.0.1")
    assert "held for review" in market.upload(second.build(tmp_path)).text
    assert market.project("chat-p0ll")["files"] == []
    with market.database.write() as session:
        review.release(session, f"{first.stem}-py3-none-any.whl")
    third = plugin_source("p0ll", "1.0.2")
    assert "is published" in market.upload(third.build(tmp_path)).text  # a person has looked at the name


def test_a_plugin_that_comes_to_the_name_of_a_library_is_looked_at(market, tmp_path):
    market.publish("poll")
    library = plugin_source("unused")
    library.name, library.entry_points, library.files = "honest-lib", {}, {"honest_lib/__init__.py": "VERSION = 1\n"}
    assert "is published" in market.upload(library.build(tmp_path)).text
    plugin = plugin_source("p0ll", "2.0.0")
    plugin.name = "honest-lib"
    answer = market.upload(plugin.build(tmp_path))
    assert "p0ll looks like poll" in answer.text


def test_beside_an_upstream_nobody_takes_a_name_from_it_without_the_operator(market_with, tmp_path):
    """Whoever registers a name takes it from the upstream, for everybody who installs from here."""
    market = market_with(upstream="https://index.example/simple/")
    library = WheelSource("charset-normalizer", "99.0", files={"charset_normalizer/__init__.py": "EVIL = True\n"})
    (plugin := plugin_source("requests")).name = "requests"
    for source in (library, plugin):
        answer = market.upload(source.build(tmp_path))
        assert answer.status_code == 403
        assert f"{source.name} may be a library of this marketplace's upstream" in answer.text
        page = market.client.get(f"/simple/{source.name}/", follow_redirects=False)
        assert page.headers["location"] == f"https://index.example/simple/{source.name}/"
    assert "is published" in market.upload(plugin_source("poll").build(tmp_path)).text
    with market.database.write() as session:
        assert reserve(session, "Charset_Normalizer", find_user(session, "alice")) == "charset-normalizer"
    with market.database.write() as session, pytest.raises(UsageError, match="belongs to alice"):
        reserve(session, "charset-normalizer", find_user(session, "alice"))
    assert market.project("charset-normalizer")["files"] == []  # held, so nobody is sent to the upstream any more
    assert market.upload(library.build(tmp_path), user="bob").status_code == 403
    assert "is published" in market.upload(library.build(tmp_path)).text
    with market.database.write() as session:
        set_status(session, "charset-normalizer", "quarantined")
    assert market.project("charset-normalizer")["files"] == []


def test_a_deceptive_plugin_name_is_held(market):
    manifest = manifest_text("poll").replace('name = "Poll"', 'name = "Pоll"')  # noqa: RUF001 (a look-alike on purpose)
    answer = market.upload(plugin_source("poll", manifest=manifest).build(market.wheels))
    assert "held for review" in answer.text


def test_what_is_held_for_many_reasons_is_told_with_a_few(market):
    source = plugin_source("poll")
    source.files |= {f"chat_poll/part{number}.pyc": b"" for number in range(2000)}
    answer = market.upload(source.build(market.wheels))
    assert answer.status_code == 200
    assert "is held for review and not listed until then: chat_poll/part0.pyc is bytecode" in answer.text
    assert answer.text.endswith("; and 1995 more\n")
    assert len(answer.text) < 1000
