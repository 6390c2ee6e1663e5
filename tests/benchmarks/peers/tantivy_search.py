"""Run in the peers' environment: tantivy over the same plugins, asked the same queries over standard input.

The first line of the input is the path of the plugins, as JSON lines; each further line is `[kind, [query, …]]`,
answered by one line `[[seconds, hits], …]`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import tantivy  # type: ignore[import-not-found]  # in the peers' environment

FIELDS = ("plugin_id", "name", "summary", "keywords")
LIMIT = 20
HEAP_BYTES = 200_000_000


def build(path: Path, folder: str) -> Any:
    """The index of all plugins in a file."""
    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field, stored=field == "plugin_id", tokenizer_name="default")
    index = tantivy.Index(builder.build(), path=folder)
    writer = index.writer(HEAP_BYTES, 1)
    with path.open() as lines:
        for line in lines:
            writer.add_document(tantivy.Document(**json.loads(line)))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index


def parsed(index: Any, kind: str, query: str) -> Any:
    """What tantivy has for a kind of query: whole words, the beginning of one, one with a letter wrong."""
    if kind == "words":
        return index.parse_query(" AND ".join(query.split()), list(FIELDS))
    if kind == "prefix":
        each = [tantivy.Query.regex_query(index.schema, field, f"{query}.*") for field in FIELDS]
    else:
        each = [
            tantivy.Query.fuzzy_term_query(index.schema, field, query, distance=1, transposition_cost_one=True)
            for field in FIELDS
        ]
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, one) for one in each])


def main() -> None:
    """Build, then answer until the input ends."""
    with tempfile.TemporaryDirectory() as folder:
        index = build(Path(json.loads(sys.stdin.readline())), folder)
        searcher = index.searcher()
        print("ready", flush=True)
        for line in sys.stdin:
            kind, queries = json.loads(line)
            answers = []
            for query in queries:
                begun = time.perf_counter()
                # Counted too: a page of results says how many there are in all, ours as well.
                found = searcher.search(parsed(index, kind, query), LIMIT, count=True)
                names = [searcher.doc(address)["plugin_id"][0] for _, address in found.hits]
                answers.append((time.perf_counter() - begun, len(names)))
            print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
