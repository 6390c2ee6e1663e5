"""The pages, over HTTP, as a browser without scripts sees them."""

import html
import re
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

PASSWORD = "long enough 1"

pytestmark = pytest.mark.slow


async def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_back(chat: "RunningChat") -> None:
    async with chat.browser() as browser:
        answer = await browser.get("/rooms/lobby")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/rooms/lobby"
        assert "Sign in" in (await browser.get(answer.headers["location"])).text
        answer = await browser.post(
            "/sign-in", data={"name": "owner", "password": chat.owner_password, "next": "/rooms/lobby"}
        )
        assert answer.headers["location"] == "/rooms/lobby"


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"])
async def test_nobody_is_led_to_another_site_after_signing_in(chat: "RunningChat", onward: str) -> None:
    async with chat.browser() as browser:
        answer = await browser.post("/sign-in", data={"name": "owner", "password": chat.owner_password, "next": onward})
        assert answer.headers["location"] == "/"


async def test_a_wrong_password_is_told_at_its_field_and_the_name_is_kept(chat: "RunningChat") -> None:
    async with chat.browser() as browser:
        answer = await browser.post("/sign-in", data={"name": 'o"<wner', "password": "wrong password"})
    assert answer.status_code == 401
    assert 'value="o&#34;&lt;wner"' in answer.text
    assert re.search(r'id="password"[^>]*aria-invalid="true"', answer.text)
    assert "The name or the password is wrong." in answer.text
    assert "wrong password" not in answer.text


async def test_too_many_tries_are_told_how_long_to_wait(chat: "RunningChat") -> None:
    async with chat.browser() as browser:
        for _ in range(5):
            await browser.post("/sign-in", data={"name": "owner", "password": "wrong password"})
        answer = await browser.post("/sign-in", data={"name": "owner", "password": chat.owner_password})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Wait" in answer.text


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(chat: "RunningChat") -> None:
    async with chat.browser() as browser:
        answer = await browser.post("/sign-up", data={"name": "ada", "password": PASSWORD})
        cookie = SimpleCookie(answer.headers["set-cookie"])["jackfield_chat"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert (await browser.get("/rooms/lobby")).status_code == 200
        assert (await browser.post("/sign-out")).status_code == 303
        browser.cookies.set("jackfield_chat", cookie.value)
        assert (await browser.get("/rooms/lobby")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_site_cannot_act_for_a_member(chat: "RunningChat", headers: dict[str, str]) -> None:
    ada = await chat.person("ada")
    del ada.http.headers["origin"]
    answer = await ada.http.post("/rooms/lobby", data={"text": "not mine"}, headers=headers)
    assert answer.status_code == 403
    assert "not mine" not in (await ada.http.get("/rooms/lobby")).text


async def test_every_page_is_confined_by_its_policy_and_holds_no_inline_script_or_style(chat: "RunningChat") -> None:
    owner = await chat.person("owner")
    for path in ("/sign-up", "/rooms/lobby", "/plugins", "/nowhere"):
        answer = await owner.http.get(path, follow_redirects=True)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


async def test_a_message_can_be_sent_without_scripts_and_markup_in_it_stays_text(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    answer = await ada.http.post("/rooms/lobby", data={"text": "<b onclick=x>hi</b>"})
    assert answer.status_code == 303
    page = (await ada.http.get("/rooms/lobby")).text
    assert html.escape("<b onclick=x>hi</b>") in page


async def test_a_message_that_cannot_be_sent_is_kept_in_its_field_with_the_reason(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    answer = await ada.http.post("/rooms/lobby", data={"text": "/nonsense now"})
    assert answer.status_code == 422
    assert "There is no command /nonsense" in answer.text
    assert ">/nonsense now</textarea>" in answer.text


async def test_a_room_can_be_made_and_a_bad_name_is_told_at_its_field(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    answer = await ada.http.post("/rooms", data={"name": "tea-time", "back": "lobby"})
    assert answer.headers["location"] == "/rooms/tea-time"
    answer = await ada.http.post("/rooms", data={"name": "Tea Time", "back": "lobby"})
    assert answer.status_code == 422
    assert 'value="Tea Time"' in answer.text
    assert "lower-case letters" in answer.text


async def test_earlier_messages_come_page_by_page(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    for number in range(60):
        await ada.say(f"number {number}")
    shown = await ada.open()
    first = shown["messages"][0]["id"]
    earlier = (await ada.http.get(f"/rooms/lobby/messages?before={first}")).json()["messages"]
    assert [message["text"] for message in earlier] == [f"number {number}" for number in range(10)]
    assert (await ada.http.get("/rooms/lobby/messages?before=x")).status_code == 400
    assert (await ada.http.get(f"/rooms/lobby/messages?before={10**30}")).status_code == 404


@pytest.mark.parametrize("path", ["/nowhere", "/rooms/nowhere", "/static/nowhere.js", "/static/../routes.py"])
async def test_what_is_not_there_is_answered_by_a_page(chat: "RunningChat", path: str) -> None:
    ada = await chat.person("ada")
    answer = await ada.http.get(path)
    assert answer.status_code == 404


async def test_a_form_that_is_too_long_or_none_is_refused(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    assert (await ada.http.post("/rooms/lobby", data={"text": "x" * 70_000})).status_code == 413
    assert (await ada.http.post("/rooms/lobby", json={"text": "x"})).status_code == 415
    many = {f"field{number}": "x" for number in range(40)}
    assert (await ada.http.post("/rooms/lobby", data=many)).status_code == 400


async def test_only_the_owner_sees_the_page_of_plugins(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    assert (await ada.http.get("/plugins")).status_code == 403
    owner = await chat.person("owner")
    assert (await owner.http.get("/plugins")).status_code == 200


async def test_health_says_that_the_chat_is_up(chat: "RunningChat") -> None:
    async with chat.browser() as browser:
        assert (await browser.get("/healthz")).json()["status"] == "ok"


@pytest.mark.parametrize("number", ["x", "-1", "9" * 5000])
async def test_a_generation_that_is_none_is_not_taken_for_the_last_one(chat: "RunningChat", number: str) -> None:
    owner = await chat.person("owner")
    answer = await owner.http.post("/plugins/act", data={"action": "rollback", "to": number})
    assert answer.status_code == 400
    assert "no such generation" in answer.text
    assert "/plugins rollback NUMBER" in (await owner.say(f"/plugins rollback {number}"))["message"]


async def test_the_chat_answers_under_its_own_names_only(serve: Callable[..., Awaitable["RunningChat"]]) -> None:
    chat = await serve(host="mybox", allowed_hosts=("chat.example.org",))
    async with chat.browser() as browser:
        for name in ("localhost:1", "127.0.0.1", "[::1]:80", "MyBox:8000", "chat.example.org", "chat.example.org."):
            assert (await browser.get("/sign-in", headers={"host": name})).status_code == 200, name
        for name in ("evil.example", "chat.example.org.evil.example", "192.0.2.1:80", "[", "localhost@evil.example"):
            refused = await browser.get("/sign-in", headers={"host": name})
            assert refused.status_code == 400, name
            assert "--allow-host NAME" in refused.text
        rebound = {"host": "evil.example", "origin": "http://evil.example"}
        assert (await browser.post("/sign-in", headers=rebound)).status_code == 400
