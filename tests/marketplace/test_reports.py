"""Anyone can report a plugin; the operator reads it and says what was done; nobody else ever sees it."""

from __future__ import annotations

import re
import subprocess

import pytest
from jackfield.errors import UsageError
from jackfield_marketplace.db import Report
from jackfield_marketplace.review import REASONS, close_report, reports
from jackfield_marketplace.review.reports import MOST_OPEN
from jackfield_marketplace.settings import Rate

from tests.support.processes import script

pytestmark = pytest.mark.slow


GOOD = {
    "reason": "malicious",
    "details": "It sends what I type to somebody.\r\nSince 1.0.0.",
    "contact": "ann@example.org",
}


def run_operator(*words):
    command = [script("jackfield-marketplace"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def send(market, plugin="poll", headers=None, **changed):
    return market.client.post(f"/plugin/{plugin}/report", data={**GOOD, **changed}, headers=headers or {})


def filed(market, **options):
    with market.database.read() as session:
        return reports(session, **options)


@pytest.mark.feature("U12")
def test_the_plugins_page_leads_to_a_form_and_the_form_to_the_operator(market):
    market.publish("poll")
    assert (
        '<a rel="nofollow" href="/plugin/poll/report">Report this plugin</a>' in market.client.get("/plugin/poll").text
    )
    form = market.client.get("/plugin/poll/report").text
    assert all(sentence in form for sentence in REASONS.values())
    answer = send(market)
    assert answer.status_code == 200
    assert "Your report has the number 1." in answer.text
    (report,) = filed(market)
    assert (report.plugin_id, report.version, report.reason, report.contact) == (
        "poll",
        "1.0.0",
        "malicious",
        "ann@example.org",
    )
    assert report.details == "It sends what I type to somebody.\nSince 1.0.0."


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"reason": ""}, "reason", "Choose what is wrong."),
        ({"reason": "boring"}, "reason", "Choose what is wrong."),
        ({"details": "  \u200b "}, "details", "Say what happened"),
        ({"details": "x" * 4001}, "details", "At most 4000 characters; these are 4001."),
        ({"contact": "x" * 201}, "contact", "At most 200 characters; these are 201."),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(market, changed, field, said):
    market.publish("poll")
    answer = send(market, **changed)
    assert answer.status_code == 400
    assert re.search(rf'id="{field}-problem" role="alert">{re.escape(said)}', answer.text)
    kept = {**GOOD, **changed}
    assert kept["contact"] in answer.text
    assert filed(market) == ()


def test_html_and_hidden_characters_of_a_report_do_nothing(market):
    market.publish("poll")
    answer = send(market, details="<script>alert(1)</script>\u202e\x1b[31m", contact='"><b>', reason="")
    assert "<script>alert" not in answer.text
    assert '"><b>' not in answer.text
    send(market, details="<script>\u202e\x1b[31mred")
    (report,) = filed(market)
    assert report.details == "<script>[31mred"


def test_only_so_many_come_from_one_address(market):
    market.publish("poll")
    codes = [send(market).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    late = send(market)
    assert int(late.headers["Retry-After"]) > 0
    assert "Try again in" in late.text
    assert GOOD["contact"] in late.text


def test_a_flood_from_many_addresses_ends_too(market_with):
    market = market_with(reports=Rate(0, 0))
    market.publish("poll")
    with market.database.write() as session:
        session.add_all(
            Report(project_id=1, version="1.0.0", reason="other", details="x", contact="") for _ in range(MOST_OPEN)
        )
    answer = send(market)
    assert answer.status_code == 400
    assert "wait to be read already" in answer.text


def test_another_site_cannot_send_it_for_a_visitor(market):
    market.publish("poll")
    assert send(market, headers={"Origin": "https://evil.example"}).status_code == 403
    assert send(market, headers={"Origin": market.url}).status_code == 200
    assert len(filed(market)) == 1


def test_a_plugin_that_is_not_there_and_a_form_without_end(market):
    market.publish("poll")
    assert market.client.get("/plugin/nope/report", headers={"Accept": "text/html"}).status_code == 404
    assert send(market, plugin="nope").status_code == 404
    assert send(market, details="x" * 100_000).status_code == 413
    content = {"Content-Type": "application/x-www-form-urlencoded"}
    assert market.client.post("/plugin/poll/report", content=b"a=1&" * 500, headers=content).status_code == 413


def test_the_operator_closes_what_was_looked_at(market):
    market.publish("poll")
    send(market)
    with market.database.write() as session:
        close_report(session, 1, "taken down")
    assert filed(market) == ()
    (report,) = filed(market, closed=True)
    assert (report.note, report.closed_at is not None) == ("taken down", True)
    with market.database.write() as session, pytest.raises(UsageError, match="no open report has the number 1"):
        close_report(session, 1)


def test_the_commands_list_and_close(market):
    market.publish("poll")
    send(market)
    data = str(market.settings.data)
    listed = run_operator("reports", "list", "--data", data)
    assert re.fullmatch(
        r"1  \d{4}-\d\d-\d\d  poll 1\.0\.0  malicious\n    It sends what I type to somebody\.\n    Since 1\.0\.0\.\n"
        r"    contact: ann@example\.org\n",
        listed,
    )
    assert run_operator("reports", "close", "1", "--note", "taken down", "--data", data) == "report 1 is closed\n"
    assert run_operator("reports", "list", "--data", data) == "nothing is reported\n"
    assert "taken down" in run_operator("reports", "list", "--all", "--data", data)


def test_no_answer_of_the_plugin_api_tells_of_reports(market):
    market.publish("poll")
    send(market)
    for address in ("/plugins/poll", "/plugin/poll", "/plugins/search", "/simple/chat-poll/"):
        assert "sends what I type" not in market.client.get(address).text
