"""How often one client may upload, and guess."""

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_marketplace.accounts import Limit
from jackfield_marketplace.settings import Rate

from tests.support.wheels import build_plugin


class Clock:
    """Seconds that a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_a_client_goes_on_when_its_bucket_fills_again():
    clock = Clock()
    limit = Limit(Rate(at_once=2, per_minute=6), clock)
    for _ in range(2):
        assert limit.wait("a") == 0
        limit.take("a")
    assert 10 <= limit.wait("a") <= 11
    assert limit.wait("b") == 0
    clock.now += limit.wait("a")
    assert limit.wait("a") == 0


def test_a_rate_of_nothing_limits_nothing():
    limit = Limit(Rate(at_once=0, per_minute=0))
    limit.take("a")
    assert limit.wait("a") == 0


def test_clients_beyond_ten_thousand_are_forgotten():
    limit = Limit(Rate(at_once=1, per_minute=1), Clock())
    for client in range(10_001):
        limit.take(client)
    assert limit.wait(0) == 0
    assert limit.wait(10_000) > 0


@given(st.lists(st.floats(0, 120), max_size=60))
def test_in_the_long_run_no_more_than_the_rate(pauses):
    clock = Clock()
    limit, taken = Limit(Rate(at_once=3, per_minute=10), clock), 0
    for pause in pauses:
        clock.now += pause
        if not limit.wait("a"):
            limit.take("a")
            taken += 1
    assert taken <= 3 + (clock.now - 1000.0) / 6 + 1e-6


def test_too_many_uploads_are_put_off(market_with):
    market = market_with(uploads=Rate(at_once=1, per_minute=1))
    path = build_plugin(market.wheels, "poll")
    assert market.upload(path).status_code == 200
    answer = market.upload(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.reason_phrase.startswith("alice has uploaded too often; try again in 60 seconds")
    assert market.upload(path, user="bob").status_code == 403  # bob's own bucket is full


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/legacy/", "/plugins/submit"])
def test_guesses_are_put_off_before_they_are_checked(market_with, address):
    market = market_with(wrong_credentials=Rate(at_once=3, per_minute=1))
    wrong = {"Authorization": "Basic " + base64.b64encode(b"alice:guess").decode()}
    statuses = [market.client.post(address, headers=wrong).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    answer = market.client.post(address, headers=wrong)
    assert int(answer.headers["retry-after"]) > 0
    assert "too many wrong credentials" in answer.reason_phrase


def test_guesses_that_come_together_are_put_off_too(market_with):
    market = market_with(wrong_credentials=Rate(at_once=3, per_minute=1))
    wrong = {"Authorization": "Basic " + base64.b64encode(b"alice:guess").decode()}

    def guess(_number: int) -> int:
        return int(market.client.post("/legacy/", headers=wrong).status_code)

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(guess, range(16)))
    assert statuses[401] <= 4  # two are checked at once
    assert statuses.keys() == {401, 429}
