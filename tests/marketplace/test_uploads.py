"""The upload API: who may upload what, and what is said to those who may not."""

import base64
import errno
import io
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from jackfield_marketplace.accounts import add_user, create_token, delete_token, find_user
from jackfield_marketplace.db import Token, now
from sqlalchemy import select, text

from tests.support.processes import wait_for
from tests.support.uploads import nothing_is_listed, raw_post
from tests.support.wheels import WheelSource, build_plugin, manifest_text, plugin_source

MORE = '[[permissions]]\nresource = "messages"\nactions = ["send"]\n'


def test_a_plugin_is_published(market):
    answer = market.upload(build_plugin(market.wheels, "poll"))
    assert (answer.status_code, answer.text) == (200, "chat-poll 1.0.0 is published\n")
    assert market.client.get("/plugins/poll").json()["publisher"] == "alice"


def test_pages_are_answered_while_an_upload_waits_for_another_writer(market):
    market.publish("dice")
    market.project("chat-dice")  # signed by now
    path = build_plugin(market.wheels, "poll")
    with ThreadPoolExecutor(1) as pool:
        with market.database.write() as session:  # as a command of the operator that takes a while
            session.execute(text("DELETE FROM users WHERE id < 0"))
            upload = pool.submit(market.upload, path)
            with httpx.Client(base_url=market.url, timeout=5) as reader:
                for _ in range(20):
                    assert reader.get("/simple/chat-dice/").status_code == 200
                    time.sleep(0.02)
            assert not upload.done()
        assert upload.result().status_code == 200


def test_a_library_is_served_and_not_shown_among_plugins(market):
    assert (
        market.upload(WheelSource("plain-lib", files={"plain_lib/__init__.py": ""}).build(market.wheels)).status_code
        == 200
    )
    assert len(market.project("plain-lib")["files"]) == 1
    assert market.client.get("/plugins/search").json()["total"] == 0


def test_a_source_distribution_is_listed(market):
    path = market.publish("poll")
    sdist = path.with_name("chat_poll-1.0.0.tar.gz")
    with tarfile.open(sdist, "w:gz") as archive:
        data = b"Metadata-Version: 2.1\nName: chat-poll\nVersion: 1.0.0\n\n"
        info = tarfile.TarInfo("chat_poll-1.0.0/PKG-INFO")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    assert market.upload(sdist).status_code == 200
    assert [entry["filename"] for entry in market.project("chat-poll")["files"]] == [path.name, sdist.name]
    assert market.client.get("/plugins/poll").json()["version"] == "1.0.0"


def test_the_same_bytes_again_are_welcome(market):
    path = market.publish("poll")
    answer = market.upload(path)
    assert (answer.status_code, answer.text) == (200, "chat-poll 1.0.0 is there already, with the same bytes\n")


def test_other_bytes_under_one_name_are_refused(market):
    market.publish("poll")
    answer = market.upload(build_plugin(market.wheels, "poll", code="class Main: ...\n"))
    assert answer.status_code == 409
    assert "exists with other bytes" in answer.text


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("jf_lib-1.0.0-py3-none-any", "JF_Lib-1.0.0-py3-none-any"),
        ("jf_lib-1.0.0-py3-none-any", "jf.lib-1.0.0-py3-none-any"),
        ("jf_lib-1.0.0-py3-none-any", "jf_lib-1.0-py3-none-any"),
        ("jf_lib-1.0.0-1-py3-none-any", "jf_lib-1.0.0-01-py3-none-any"),
        ("jf_lib-1.0.0-py2.py3-none-any", "jf_lib-1.0.0-py3.py2-none-any"),
    ],
)
def test_a_file_in_another_spelling_is_the_same(market, first, again):
    """For installers they are one file: what is there would be replaced."""
    sent = []
    for stem, code in ((first, ""), (again, "code = 1\n")):
        version, tag = stem.split("-")[1], "-".join(stem.split("-")[-3:])
        wheel = WheelSource("jf-lib", version, files={"jf_lib.py": code}, tag=tag).build(market.wheels)
        sent.append(market.upload(wheel.rename(wheel.with_name(f"{stem}.whl"))))
    assert [answer.status_code for answer in sent] == [200, 409]
    sentence = f"{again}.whl is {first}.whl in another spelling; a file is never replaced: raise the version\n"
    assert sent[1].text == sentence
    assert [file["filename"] for file in market.project("jf-lib")["files"]] == [f"{first}.whl"]


def test_another_build_or_platform_of_a_version_is_another_file(market):
    for stem, tag in (("1.0.0", "py3-none-any"), ("1.0.0-1", "py3-none-any"), ("1.0.0", "cp311-cp311-win32")):
        wheel = WheelSource("jf-lib", files={"jf_lib.py": f"at = {stem + tag!r}\n"}, tag=tag).build(market.wheels)
        assert market.upload(wheel.rename(wheel.with_name(f"jf_lib-{stem}-{tag}.whl"))).status_code == 200
    assert len(market.project("jf-lib")["files"]) == 3


def test_the_first_uploader_owns_the_name(market):
    market.publish("poll")
    kept = {path for path in market.settings.blobs.rglob("*") if path.is_file()}
    answer = market.upload(build_plugin(market.wheels, "poll", "2.0.0"), user="bob")
    assert (answer.status_code, answer.text) == (403, "chat-poll belongs to alice; bob cannot upload to it\n")
    assert {path for path in market.settings.blobs.rglob("*") if path.is_file()} == kept
    assert market.project("chat-poll")["versions"] == ["1.0.0"]


@pytest.mark.parametrize("spelling", ["jf.lib", "JF_Lib"])
def test_a_name_in_another_spelling_is_the_same(market, spelling):
    """PEP 503: whoever asks for either is answered with one project, so it has one owner and one scope."""
    first = WheelSource("jf-lib", files={"jf_lib.py": ""}).build(market.wheels)
    assert market.upload(first).status_code == 200
    other = WheelSource(spelling, "2.0.0", files={"jf_lib.py": ""}).build(market.wheels)
    answer = market.upload(other, user="bob")
    assert (answer.status_code, answer.text) == (403, "jf-lib belongs to alice; bob cannot upload to it\n")
    assert market.upload(other).status_code == 200
    assert market.project("jf-lib")["versions"] == ["1.0.0", "2.0.0"]


def test_an_id_has_one_distribution(market):
    market.publish("poll")
    other = plugin_source("poll")
    other.name = "poll-for-chat"
    answer = market.upload(other.build(market.wheels), user="bob")
    assert (answer.status_code, answer.text) == (403, "the plugin id poll belongs to chat-poll of alice\n")
    answer = market.upload(other.build(market.wheels))
    assert answer.status_code == 403


def test_an_id_in_another_spelling_is_the_same(market):
    market.publish("quick-poll")
    other = plugin_source("quick_poll")
    other.name = "other"
    assert market.upload(other.build(market.wheels)).status_code == 403


def test_a_distribution_has_one_id(market):
    market.publish("poll")
    other = plugin_source("dice", "2.0.0")
    other.name = "chat-poll"
    answer = market.upload(other.build(market.wheels))
    assert (answer.status_code, answer.text) == (
        409,
        "chat-poll publishes the plugin poll and cannot publish dice too\n",
    )
    library = WheelSource("chat-poll", "3.0.0", files={"chat_poll/__init__.py": ""})
    assert market.upload(library.build(market.wheels)).status_code == 400


def test_two_wheels_of_one_version_ask_for_the_same(market):
    market.publish("poll")
    other = plugin_source(
        "poll", manifest=manifest_text("poll", permissions=MORE), tag="cp311-cp311-manylinux_2_28_x86_64"
    )
    answer = market.upload(other.build(market.wheels))
    assert answer.status_code == 409
    assert "another plugin.toml" in answer.text


@pytest.mark.parametrize("plugin_id", ["search", "featured", "submit"])
def test_ids_that_the_api_needs_itself(standing, plugin_id):
    answer = standing.upload(build_plugin(standing.wheels, plugin_id))
    assert (answer.status_code, "kept for the marketplace" in answer.text) == (400, True)


def test_a_version_has_one_release_however_it_is_spelled(market):
    market.publish("poll", "1.0.0")
    other = plugin_source("poll", "1.0", manifest=manifest_text("poll", permissions=MORE))
    answer = market.upload(other.build(market.wheels))
    assert (answer.status_code, "another plugin.toml" in answer.text) == (409, True)


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Basic é", "Basic " + base64.b64encode(b"\xff\xff").decode(), "Bearer x"]
)
def test_credentials_that_are_none(standing, header):
    status, reason, _ = raw_post(standing, {"Authorization": header, "Content-Length": "0"})
    assert (status, reason.startswith("an upload needs a token")) == (401, True)


def test_an_unknown_token(standing):
    standing.tokens["mallory"] = "jfm-" + "x" * 43
    assert standing.upload(build_plugin(standing.wheels, "poll"), user="mallory").status_code == 401
    nothing_is_listed(standing)


def test_an_expired_token(market):
    with market.database.write() as session:
        market.tokens["alice"] = create_token(session, find_user(session, "alice"), lifetime=timedelta(seconds=-1))
    assert market.upload(build_plugin(market.wheels, "poll")).status_code == 401


def test_a_token_that_is_revoked_while_the_form_is_sent(market):
    path = build_plugin(market.wheels, "poll")
    head = f'--b\r\nContent-Disposition: form-data; name="content"; filename="{path.name}"\r\n\r\n'.encode()
    form = [
        b'--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n',
        head + path.read_bytes() + b"\r\n--b--\r\n",
    ]

    def is_used() -> bool:
        with market.database.read() as session:
            return session.scalar(select(Token.last_used_at).where(Token.last_used_at.is_not(None))) is not None

    def pieces():
        yield form[0]
        wait_for(is_used)
        with market.database.write() as session:
            delete_token(session, market.tokens["alice"])
        yield form[1]

    answer = market.client.post(
        "/legacy/",
        content=pieces(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        auth=("__token__", market.tokens["alice"]),
    )
    assert (answer.status_code, answer.text.startswith("the token was revoked")) == (401, True)
    nothing_is_listed(market)


def test_a_password_uploads_too(market):
    with market.database.write() as session:
        add_user(session, "carol", "correct horse battery")
    path = build_plugin(market.wheels, "poll")
    for password, status in (("wrong horse battery", 401), ("correct horse battery", 200)):
        with path.open("rb") as file:
            answer = market.client.post(
                "/legacy/",
                data={":action": "file_upload"},
                files={"content": (path.name, file)},
                auth=("carol", password),
            )
        assert answer.status_code == status


def test_tokens_and_passwords_are_stored_hashed(market):
    with market.database.write() as session:
        add_user(session, "carol", "correct horse battery")
    market.publish("poll")
    stored = b"".join(path.read_bytes() for path in market.settings.data.glob("marketplace.sqlite3*"))
    assert b"argon2id" in stored
    assert b"correct horse" not in stored
    assert market.tokens["alice"].encode() not in stored


@pytest.mark.feature("C39")
def test_submit_answers_with_a_document(market):
    path = build_plugin(
        market.wheels, "poll", permissions='[[permissions]]\nresource = "messages"\nactions = ["read"]\n'
    )
    with path.open("rb") as file:
        answer = market.client.post(
            "/plugins/submit", files={"content": (path.name, file)}, auth=("__token__", market.tokens["alice"])
        )
    document = answer.json()
    assert (document["status"], document["id"], document["version"]) == ("published", "poll", "1.0.0")
    assert [finding["code"] for finding in document["findings"]] == ["permission-reason"]
    answer = market.client.post("/plugins/submit", files={"content": ("x.whl", b"")}, auth=("__token__", "wrong"))
    assert (answer.status_code, "token" in answer.json()["detail"]) == (401, True)


def test_last_use_of_a_token_is_kept(market):
    from jackfield_marketplace.db import Token
    from sqlalchemy import select

    market.publish("poll")
    with market.database.read() as session:
        used = [token.last_used_at for token in session.scalars(select(Token)) if token.last_used_at]
    assert len(used) == 1
    assert now() - used[0] < timedelta(minutes=1)


def test_who_uploads_to_a_disk_that_fails_after_the_commit_is_told_that_the_file_is_here(market, monkeypatch):
    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = build_plugin(market.wheels, "poll")
    with monkeypatch.context() as patch:
        patch.setattr("jackfield_marketplace.db.log._sync", fail)
        answer = market.upload(path)
    assert answer.status_code == 503
    assert answer.text.startswith("the upload is here, but the marketplace's disk failed")
    assert [file["filename"] for file in market.project("chat-poll")["files"]] == [path.name]
    assert market.upload(path).status_code == 200
