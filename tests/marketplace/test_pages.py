"""The pages: what they say, what they never load, and what becomes of what authors write."""

import re
import tracemalloc
from datetime import date, timedelta

import pytest
from jackfield_marketplace.catalog import feature, yank
from jackfield_marketplace.db import now
from jackfield_marketplace.web.chart import downloads_chart
from jackfield_marketplace.web.readme import render_bounded, render_text
from jackfield_marketplace.web.words import file_size, relative_time, short_number

from tests.support.wheels import manifest_text, plugin_source

pytestmark = pytest.mark.slow


PAGES = ("/", "/search", "/search?q=poll", "/search?q=nothing-here", "/plugin/poll", "/plugin/nope")


def page(market, address):
    return market.client.get(address, headers={"Accept": "text/html"})


def test_an_empty_home_says_how_to_fill_it(market):
    text = page(market, "/").text
    assert "Nothing is published yet" in text
    assert f"twine upload --repository-url {market.url}/legacy/" in text


def test_home_shows_featured_and_newest(market):
    market.publish("poll")
    with market.database.write() as session:
        feature(session, "poll")
    text = page(market, "/").text
    assert "Featured" in text
    assert text.count('href="/plugin/poll"') == 2


def test_search_page(market):
    for number in range(25):
        market.publish(f"poll-{number}")
    first = page(market, "/search?q=poll").text
    assert "25 plugins" in first
    assert "Page 1 of 2" in first
    assert 'href="/search?q=poll&amp;category=&amp;app=&amp;page=2"' in first
    second = page(market, "/search?q=poll&page=2").text
    assert second.count('class="name"') == 5


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999", "9" * 5000, "²"])
def test_a_page_number_that_is_none(standing, number):
    assert page(standing, f"/search?page={number}").status_code == 200


def test_search_without_results_says_what_to_try(standing):
    assert "Nothing matches" in page(standing, "/search?q=zzz").text


def test_plugin_page_says_what_it_wants_before_what_it_is(market):
    permissions = '[[permissions]]\nresource = "messages"\nactions = ["read"]\nreason = "answers !poll"\n'
    source = plugin_source(
        "poll", manifest=manifest_text("poll", permissions=permissions), changelog="## 1.0.0\n\n- new\n"
    )
    source.readme = "Ask **everyone**"
    market.upload(source.build(market.wheels))
    text = page(market, "/plugin/poll").text
    assert "jackfield install poll" in text
    assert text.index("read the messages of every room") < text.index("Ask <strong>everyone</strong>")
    assert "answers !poll" in text
    assert "Chat &gt;=1.0 &lt;2.0" in text
    assert "<li>new</li>" in text
    assert '<svg class="chart"' in text
    assert text.count("<tr><td>") == 30


def test_plugin_page_of_a_withdrawn_version(market):
    market.publish("poll")
    with market.database.write() as session:
        yank(session, "poll", "1.0.0", "loses votes")
    assert "withdrawn by its publisher: loses votes" in page(market, "/plugin/poll").text


def test_other_spellings_of_an_id_lead_to_its_page(market):
    market.publish("quick-poll")
    assert page(market, "/plugin/quick_poll").headers["location"] == "/plugin/quick-poll"


def test_unknown_addresses_answer_a_browser_with_a_page_and_a_program_with_a_document(standing):
    for address in ("/nope", "/plugin/nope", "/plugins/nope", "/static/nope.css"):
        answer = page(standing, address)
        assert (answer.status_code, "Not found" in answer.text) == (404, True), address
    assert standing.client.get("/nope").json() == {"detail": "Not Found"}


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(market):
    market.publish("poll")
    for address in PAGES:
        answer = page(market, address)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", answer.text), address
        for loaded in re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]+)"', answer.text):
            assert loaded.startswith("/static/"), loaded
            assert market.client.get(loaded).status_code == 200, loaded


def test_what_authors_write_cannot_run_or_call_out(market):
    source = plugin_source("poll", manifest=manifest_text("poll").replace('"Poll"', '"<script>alert(1)</script>"'))
    source.readme = (
        "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![p](https://example.org/p.png)\n\n"
        '<iframe src="https://example.org"></iframe> [r](docs/a.md)\n'
    )
    market.upload(source.build(market.wheels))
    for address in ("/plugin/poll", "/"):
        text = page(market, address).text
        assert "<script>alert" not in text
        assert not re.search(r"<img|<iframe|href=\"javascript", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("[a](https://example.org)", '<p><a href="https://example.org" rel="nofollow noopener noreferrer">a</a></p>\n'),
        ("[a](docs/b.md)", '<p><a rel="nofollow noopener noreferrer">a</a></p>\n'),
        ("~~gone~~", "<p><s>gone</s></p>\n"),
        (
            "![shot](https://e.org/s.png)",
            '<p><a href="https://e.org/s.png" rel="nofollow noopener noreferrer">shot</a></p>\n',
        ),
    ],
)
def test_markdown(text, expected):
    assert render_text(text, "text/markdown") == expected


def test_other_texts_are_shown_as_they_stand():
    assert render_text("a <b>\n===", "text/x-rst") == "<pre>a &lt;b&gt;\n===</pre>"


@pytest.mark.parametrize("marks", ["[", "![", "_a*", "<a", "`a"])
def test_text_of_little_but_marks_is_shown_as_it_stands(marks):
    text = marks * 100_000
    assert render_text(text, "text/markdown").startswith("<pre>")
    assert render_text(f"{marks} [a](https://example.com) " * 1000, "text/markdown").startswith("<p>")


def test_a_long_readme_is_rendered_for_the_first_visitor_alone(market):
    source = plugin_source("poll")
    source.readme = "# Poll\n" + "- a\n" * 20_000
    source.files["chat_poll/CHANGELOG.md"] = "## 1.0.0\n" + "- b\n" * 20_000
    assert market.upload(source.build(market.wheels)).status_code == 200
    first = market.client.get("/plugin/poll").text
    before = render_bounded.cache_info()
    assert market.client.get("/plugin/poll").text == first
    after = render_bounded.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 2)
    assert first.count("<li>b</li>") == 5000  # of a change not more than anybody reads


def test_rendered_texts_take_so_much_memory_and_no_more():
    render_bounded.cache_clear()
    tracemalloc.start()
    try:
        for number in range(8):
            render_text(f"{number} " + "word " * 800_000, "text/plain")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 8 * 1_000_000  # not the four megabytes that each of the authors wrote


def test_chart_has_a_bar_for_each_day_and_says_its_numbers():
    days = [(date(2026, 11, 1) + timedelta(days=index), count) for index, count in enumerate((0, 5, 10))]
    chart = downloads_chart(days)
    assert chart.count("<rect") == 3
    assert "2026-11-02: 5" in chart
    assert "15 in all" in chart
    assert "style=" not in chart
    assert "<rect" not in downloads_chart([])


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1000, "1k"), (4200, "4.2k"), (1_300_000, "1.3M")]
)
def test_short_numbers(number, text):
    assert short_number(number) == text


@pytest.mark.parametrize(("size", "text"), [(812, "812 B"), (14_000, "14 KiB"), (2_400_000, "2.3 MiB")])
def test_sizes(size, text):
    assert file_size(size) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1, seconds=5), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=22), "3 weeks ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(days=-1), "just now"),
    ],
)
def test_times(ago, text):
    assert f">{text}</time>" in relative_time(now() - ago)
