"""The owner sees what plugins did: charts with a table behind them, and each plugin's uses and log."""

import logging
import re
from typing import TYPE_CHECKING

import pytest
from jackfield_chat.plugins.figures import brief, size

from tests.support.marketplace import running_marketplace

if TYPE_CHECKING:
    from tests.core.chat.conftest import Person, Serve

CODE = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("talk")
    async def talk(self, source):
        self.context.logger.warning("it <rains>", extra={"place": "Vienna"})
        await source.reply("said")

    @command("fail")
    async def fail(self, source): raise ValueError("too wet")

    @command("half")
    async def half(self, source):
        self.context.logger.warning("a name that is no UTF-8: \\udcff")
        raise ValueError("\\udcff, too")
"""
DECLARED = '[contributes]\ncommands = [{ name = "talk" }, { name = "fail" }, { name = "half" }]\n'


@pytest.fixture
async def owner(serve: "Serve", tmp_path_factory: pytest.TempPathFactory):
    with running_marketplace(tmp_path_factory.mktemp("market")) as market:
        market.publish("weather", code=CODE, more=DECLARED)
        chat = await serve(marketplaces=(market.url,))
        person = await chat.person("owner")
        await person.say("/plugins install weather")
        await person.say("/plugins install weather yes")
        await chat.plugin("weather")
        yield person, chat


@pytest.mark.slow
@pytest.mark.feature("C29", "C31")
async def test_charts_a_table_and_a_log(owner):
    person: Person
    person, chat = owner
    await person.say("!talk")
    await person.say("!fail")

    overview = (await person.http.get("/plugins/stats")).text
    calls, time, errors = re.findall(r'<svg[^>]* aria-label="([^"]*)"', overview)
    assert re.fullmatch(r"Weather: \d+", calls)
    assert re.fullmatch(r"Weather: [\d.,]+ ms", time)
    assert errors == "Weather: 1"
    assert '<a href="/plugins/stats/weather">Weather</a>' in overview
    assert "style=" not in overview  # CSP

    one = (await person.http.get("/plugins/stats/weather")).text
    assert re.search(r'<th scope="row">command talk</th><td>1</td>', one)
    assert re.search(r'<th scope="row">command fail</th><td>1</td><td class="bad">1</td>', one)
    assert "it &lt;rains&gt;" in one
    assert "place=Vienna" in one
    assert "ValueError: too wet" in one
    assert (await person.http.get("/plugins/stats/nobody")).status_code == 404
    assert 'href="/plugins/stats/weather"' in (await person.http.get("/plugins")).text

    member = await chat.person("member")
    assert (await member.http.get("/plugins/stats")).status_code == 403
    assert (await member.http.get("/plugins/stats/weather")).status_code == 403


@pytest.mark.slow
async def test_a_plugin_that_says_half_a_character_breaks_no_page(owner, monkeypatch):
    # pytest keeps log lines for its report, and the report of a parallel run can carry UTF-8 only.
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", False)
    person, _ = owner
    await person.say("!half")
    one = await person.http.get("/plugins/stats/weather")
    assert (one.status_code, "a name that is no UTF-8: ?" in one.text) == (200, True)
    assert (await person.http.get("/plugins")).status_code == 200


@pytest.mark.slow
async def test_without_plugins_the_page_says_how_to_come_by_some(serve: "Serve"):
    person = await (await serve()).person("owner")
    assert "Nothing has been counted yet" in (await person.http.get("/plugins/stats")).text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "–"),
        (5e-10, "under 1 µs"),
        (8.6e-5, "86 µs"),
        (0.0031, "3.1 ms"),
        (0.4, "400 ms"),
        (3.14, "3.1 s"),
        (120, "2 min"),
    ],
)
def test_durations_carry_the_unit_that_fits(seconds, text):
    assert brief(seconds) == text


def test_sizes_carry_their_unit():
    assert [size(number) for number in (0, 812, 48_000, 2_400_000)] == ["", "812 bytes", "47 KiB", "2 MiB"]
