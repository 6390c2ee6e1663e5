"""Search over 100,000 plugins, beside tantivy: our search module over a database of the marketplace, both in process.

Words of texts are seldom or common as in any language (Zipf), and so are the words that are asked for. Both answer one
page of twenty and how many there are in all, ours up to a thousand. They take turns; held to the goal is the slowest
in a hundred, of a thousand answers each: what a busy machine adds to one or two of them does not decide.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from statistics import median, quantiles

from jackfield_marketplace.db import Database
from jackfield_marketplace.search import search

from tests.benchmarks.peers.contents import Entry, fill_search
from tests.benchmarks.peers.environment import PeersMissing, peer_script
from tests.benchmarks.table import Row

PLUGINS = 100_000
WORDS = 20_000
QUERIES = 200  # of each kind
ROUNDS = 5
GOAL = 3.0
SEED = 8
LETTERS = "abcdefghijklmnoprstuvwz"
KINDS = {"words": "words", "prefix": "the beginning of a word", "typo": "a word with one letter wrong"}


def measure() -> Iterable[Row]:
    """Build both over the same plugins and ask them the same queries."""
    source = random.Random(SEED)
    words = _vocabulary(source)
    weights = list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
    entries = [_entry(place, source, words, weights) for place in range(PLUGINS)]
    queries = _queries(source, words, weights)
    ours: dict[str, list[float]] = {kind: [] for kind in KINDS}
    theirs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="jackfield-search-") as name:
        database = fill_search(Path(name) / "ours", entries)
        try:
            with _tantivy(Path(name), entries) as peer:
                for turn in range(ROUNDS + 1):
                    for kind, asked in queries.items():
                        seconds = _ask(database, asked)
                        others = _ask_peer(peer, kind, asked)
                        if turn:  # the first warms up
                            ours[kind] += seconds
                            theirs[kind] += others
        except PeersMissing as error:
            yield Row.missing("search, tantivy", str(error))
            for kind, asked in queries.items():
                ours[kind] += _ask(database, asked)
        finally:
            database.close()
    yield from _rows(ours, theirs)


def _rows(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> Iterator[Row]:
    for kind, words in KINDS.items():
        what = f"search of {PLUGINS // 1000}k, {words},"
        yield Row(f"{what} median", median(ours[kind]) * 1e3, "ms")
        yield Row(f"{what} p99", _p99(ours[kind]) * 1e3, "ms")
        if theirs[kind]:
            yield Row(f"{what} p99, tantivy", _p99(theirs[kind]) * 1e3, "ms")
            yield Row.at_most(f"{what} p99, ours to tantivy", _p99(ours[kind]) / _p99(theirs[kind]), GOAL, "x")


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[-1]


def _vocabulary(source: random.Random) -> list[str]:
    """Different words of four letters and more, the common ones first."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(source.choices(LETTERS, k=source.randint(4, 10)))] = None
    return list(words)


def _entry(place: int, source: random.Random, words: list[str], weights: list[float]) -> Entry:
    name = source.choices(words, cum_weights=weights, k=2)
    keywords = source.choices(words, cum_weights=weights, k=4)
    summary = source.choices(words, cum_weights=weights, k=10)
    downloads = int(source.paretovariate(1.2))
    return Entry(f"{'-'.join(name)}-{place}", " ".join(name), " ".join(summary), " ".join(keywords), downloads)


def _queries(source: random.Random, words: list[str], weights: list[float]) -> dict[str, list[str]]:
    def draw(number: int) -> list[str]:
        return source.choices(words, cum_weights=weights, k=number)

    return {
        "words": [" ".join(draw(source.randint(1, 2))) for _ in range(QUERIES)],
        "prefix": [word[:3] for word in draw(QUERIES)],
        "typo": [_mistyped(word, source) for word in draw(QUERIES)],
    }


def _mistyped(word: str, source: random.Random) -> str:
    place = source.randrange(1, len(word))
    return word[:place] + source.choice("qxy") + word[place + 1 :]  # letters that no word has


def _ask(database: Database, queries: Sequence[str]) -> list[float]:
    seconds = []
    for query in queries:
        begun = time.perf_counter()
        with database.read() as session:
            search(session, query, limit=20)
        seconds.append(time.perf_counter() - begun)
    return seconds


@contextmanager
def _tantivy(folder: Path, entries: Sequence[Entry]) -> Iterator[subprocess.Popen[str]]:
    path = folder / "plugins.jsonl"
    with path.open("w") as lines:
        for entry in entries:
            texts = {"name": entry.name, "summary": entry.summary, "keywords": entry.keywords}
            lines.write(json.dumps({"plugin_id": entry.plugin_id, **texts}) + "\n")
    command = [peer_script("python"), str(Path(__file__).parent / "peers/tantivy_search.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        try:
            peer.stdin.write(json.dumps(str(path)) + "\n")
            peer.stdin.flush()
            if peer.stdout.readline() != "ready\n":
                raise PeersMissing("tantivy did not start")
            yield peer
        finally:
            peer.stdin.close()


def _ask_peer(peer: subprocess.Popen[str], kind: str, queries: Sequence[str]) -> list[float]:
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write(json.dumps([kind, queries]) + "\n")
    peer.stdin.flush()
    return [seconds for seconds, _hits in json.loads(peer.stdout.readline())]
