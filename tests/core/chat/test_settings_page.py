"""The owner sets what plugins let them set: in a form made from the manifest, and in a room."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.marketplace import RunningMarketplace, running_marketplace

if TYPE_CHECKING:
    from tests.core.chat.conftest import Person, Serve

pytestmark = pytest.mark.slow

CODE = """
import json
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.heard = []
        self.context.settings.on_change(lambda key, value: self.heard.append(key))

    @command("told")
    async def told(self, source):
        await source.reply(json.dumps([dict(self.context.settings.all()), self.heard]))
"""

DECLARED = """
[contributes]
commands = [{ name = "told" }]
settings = [
  { key = "place", default = "Vienna", label = "Place", description = "where the <forecast> is for", maximum = 20 },
  { key = "days", type = "integer", default = 3, minimum = 1, maximum = 10, label = "Days" },
  { key = "warn", type = "boolean", default = true, label = "Warn of storms" },
  { key = "units", type = "choice", choices = ["metric", "imperial", "half  &  half"], label = "Units" },
  { key = "quiet", type = "list", label = "Quiet rooms" },
  { key = "sound", type = "path", exists = "file", label = "Bell" },
  { key = "token", type = "secret", label = "Access token" },
]
"""
PAGE = "/plugins/settings/weather"


@pytest.fixture(scope="module")
def marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        running.publish("weather", code=CODE, more=DECLARED)
        yield running


@pytest.fixture
async def owner(serve: "Serve", marketplace: RunningMarketplace) -> "Person":
    chat = await serve(marketplaces=(marketplace.url,))
    person = await chat.person("owner")
    await person.say("/plugins install weather")
    await person.say("/plugins install weather yes")
    await chat.plugin("weather")
    return person


def form(answer: httpx.Response) -> dict[str, str]:
    """What a browser would send if nobody touched anything."""
    text = answer.text
    sent = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="(set-[^"]+)" type="text" value="([^"]*)"', text)
    }
    sent |= {
        name: html.unescape(value)
        for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    }
    sent |= dict.fromkeys(re.findall(r'name="(set-[^"]+)" type="password"', text), "")
    sent |= dict.fromkeys(re.findall(r'name="(set-[^"]+)" type="checkbox" value="true" checked', text), "true")
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        sent[name] = html.unescape(chosen[1])  # type: ignore[index]  # one always is
    return sent


async def told(owner: "Person") -> list[Any]:
    await owner.say("!told")
    message = await owner.hears("[{")
    owner.seen.clear()
    answer: list[Any] = json.loads(message["text"])
    return answer


@pytest.mark.feature("C22")
async def test_the_form_shows_each_setting_with_label_help_and_bounds(owner: "Person") -> None:
    assert 'href="/plugins/settings/weather"' in (await owner.http.get("/plugins")).text
    text = (await owner.http.get(PAGE)).text
    assert "<h1>Settings of Weather</h1>" in text
    assert "where the &lt;forecast&gt; is for · Text of up to 20 characters." in text
    assert "A whole number from 1 to 10. Empty: 3." in text
    assert '<option value="metric" selected>metric</option><option value="imperial">imperial</option>' in text
    assert '<option value="half  &amp;  half">' in text, "or a browser sends it with single spaces"
    assert re.search(r'name="set-warn" type="checkbox" value="true" checked', text)
    assert re.search(r'name="set-token" type="password" value=""', text)


async def test_what_is_saved_reaches_the_plugin_and_the_rest_is_left_alone(owner: "Person") -> None:
    sent = form(await owner.http.get(PAGE))
    assert "Nothing was changed." in (await owner.http.post(PAGE, data=sent)).text
    sent |= {"set-days": "5", "set-quiet": "lobby\r\nden"}
    del sent["set-warn"]
    saved = await owner.http.post(PAGE, data=sent)
    assert "Days, Warn of storms, Quiet rooms were saved." in saved.text
    values, heard = await told(owner)
    assert (values["days"], values["warn"]) == (5, False)
    assert values["quiet"] == ["lobby", "den"]
    assert sorted(heard) == ["days", "quiet", "warn"]
    # A page that was open meanwhile takes nothing back.
    stale = {**sent, "set-place": "Graz", "was-days": "3", "set-days": "3"}
    assert "Place was saved." in (await owner.http.post(PAGE, data=stale)).text
    assert (await told(owner))[0]["days"] == 5
    spaced = {**form(await owner.http.get(PAGE)), "set-units": "half  &  half"}
    await owner.http.post(PAGE, data=spaced)
    assert (await told(owner))[0]["units"] == "half  &  half"
    assert form(await owner.http.get(PAGE))["set-units"] == "half  &  half"
    emptied = {**form(await owner.http.get(PAGE)), "set-days": ""}
    await owner.http.post(PAGE, data=emptied)
    assert (await told(owner))[0]["days"] == 3


async def test_a_list_of_one_entry_with_a_comma_survives_the_form(owner: "Person") -> None:
    await owner.http.post(PAGE, data={**form(await owner.http.get(PAGE)), "set-quiet": '["tea, coffee"]'})
    assert (await told(owner))[0]["quiet"] == ["tea, coffee"]
    shown = form(await owner.http.get(PAGE))
    assert "Place was saved." in (await owner.http.post(PAGE, data={**shown, "set-place": "Graz"})).text
    assert (await told(owner))[0]["quiet"] == ["tea, coffee"]
    assert 'quiet = ["tea, coffee"] (a list of texts)' in str(await owner.say("/plugins settings weather"))


async def test_what_does_not_fit_is_told_at_its_field_and_what_was_typed_stays(owner: "Person") -> None:
    sent = form(await owner.http.get(PAGE)) | {
        "set-days": "9 <b>",
        "set-place": "Graz",
        "set-sound": "/no/such/bell.wav",
        "set-token": "hush-hush",
    }
    refused = await owner.http.post(PAGE, data=sent)
    assert refused.status_code == 422
    text = refused.text
    assert "Nothing was saved: 2 fields do not fit." in text
    assert 'id="set-days-error">Expected a whole number, found &#39;9 &lt;b&gt;&#39;</p>' in text
    assert 'id="set-sound-error">There is no file /no/such/bell.wav</p>' in text
    assert 'name="set-days" type="text" value="9 &lt;b&gt;"' in text
    assert 'name="set-place" type="text" value="Graz"' in text
    assert "hush-hush" not in text
    assert (await told(owner))[0]["place"] == "Vienna"
    # Mending the two is enough: what fitted is still there to be saved, but for what is never shown.
    assert 'aria-describedby="set-token-gone set-token-hint"' in text
    assert 'id="set-token-gone">It was not saved, and has to be typed again.</p>' in text
    again = form(refused) | {"set-days": "9", "set-sound": ""}
    assert "Place, Days were saved." in (await owner.http.post(PAGE, data=again)).text


async def test_a_form_that_did_not_fit_takes_back_nothing_that_was_set_meanwhile(owner: "Person") -> None:
    sent = form(await owner.http.get(PAGE))
    await owner.say("/plugins settings weather place Graz")
    refused = await owner.http.post(PAGE, data=sent | {"set-days": "many"})
    assert refused.status_code == 422
    assert 'name="set-place" type="text" value="Graz"' in refused.text
    assert "Days was saved." in (await owner.http.post(PAGE, data=form(refused) | {"set-days": "9"})).text
    assert (await told(owner))[0]["place"] == "Graz"


async def test_a_secret_is_never_shown_and_kept_when_left_empty(owner: "Person") -> None:
    sent = form(await owner.http.get(PAGE))
    saved = await owner.http.post(PAGE, data={**sent, "set-token": "hush-hush"})
    assert "Access token was saved." in saved.text
    assert "hush-hush" not in saved.text
    assert "Leave empty to keep it as it is" in saved.text
    await owner.http.post(PAGE, data=sent)
    assert "token = set (text)" in str(await owner.say("/plugins settings weather"))
    forgotten = await owner.http.post(PAGE, data={**sent, "forget-token": "yes"})
    assert "Access token was saved." in forgotten.text
    assert "token = not set" in str(await owner.say("/plugins settings weather"))


async def test_it_is_the_owners_alone_and_no_other_sites(owner: "Person") -> None:
    assert (await owner.http.get("/plugins/settings/nothing")).status_code == 404
    elsewhere = await owner.http.post(PAGE, data={"set-days": "5"}, headers={"origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    stranger = httpx.AsyncClient(base_url=owner.http.base_url, headers={"origin": str(owner.http.base_url)})
    async with stranger:
        assert (await stranger.get(PAGE)).headers["location"].startswith("/sign-in")
        await stranger.post("/sign-up", data={"name": "ada", "password": "long enough 1"})
        assert (await stranger.get(PAGE)).status_code == 403
        assert (await stranger.post(PAGE, data={"set-days": "5"})).status_code == 403


async def test_in_a_room_it_is_one_line_each(owner: "Person") -> None:
    assert (await owner.say("/plugins settings"))["message"].endswith("These have something to set: weather.")
    listed = await owner.say("/plugins settings weather")
    assert listed["title"] == "Settings of weather"
    assert listed["lines"][1]["text"] == "days = 3 (a whole number from 1 to 10): Days"
    assert (await owner.say("/plugins settings weather place Bad Ischl"))[
        "title"
    ] == "place of weather was set to Bad Ischl."
    assert (await told(owner))[0]["place"] == "Bad Ischl"
    for line, sentence in {
        "weather days 11": "the setting days: 11 is above 10",
        "weather colour red": "weather has no setting colour. There are: place, days,",
        "weather token abc": "token is a secret. Set it on the page of plugins",
        "weather days": "To what?",
        "": "Which plugin?",
        "nothing": "nothing is not installed",
    }.items():
        assert sentence in (await owner.say(f"/plugins settings {line}"))["message"]


def file_named(answer: httpx.Response) -> Path:
    return Path(html.unescape(re.search(r"<code>(.*?)</code>", answer.text)[1]))  # type: ignore[index]  # it is there


def put_a_secret_in(file: Path) -> str:
    """Write one into the settings file, and return what stood there."""
    text = file.read_text()
    file.write_text(text + 'token = "hush"\n')
    return text


async def test_the_file_names_the_chats_own_command(owner: "Person", tmp_path: Path) -> None:
    answer = await owner.http.get(PAGE)
    await owner.http.post(PAGE, data=form(answer) | {"set-days": "5"})
    text = put_a_secret_in(file_named(answer))
    program = f"jackfield-chat plugins --data {tmp_path / 'chat'}"
    assert f"# They can also be changed with: {program} settings set weather KEY VALUE\n" in text
    assert f"# type: {program} settings set weather token\n" in text
    page = html.unescape((await owner.http.get(PAGE)).text)
    shell = "on the chat's machine, jackfield-chat plugins --data DATA"
    assert f"take it out and type: {shell} settings set weather token" in page


def break_file(answer: httpx.Response) -> Path:
    """Leave the settings file that a page names in a state that nobody can read."""
    file = file_named(answer)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("days = = 4\n")
    return file


async def test_a_broken_file_is_named_and_holds_everything(owner: "Person") -> None:
    answer = await owner.http.get(PAGE)
    file = break_file(answer)
    refused = await owner.http.post(PAGE, data=form(answer) | {"set-days": "5"})
    assert refused.status_code == 422
    assert f"nothing was set: {file}, line 1: not TOML" in html.unescape(refused.text)
