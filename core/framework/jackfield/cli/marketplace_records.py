"""The JSON answers of `jackfield trust` and `jackfield publish`, as JSON Schema."""

from jackfield.cli.records import FLAG, MOMENT, NUMBER, TEXT, Schema, many, maybe, record

KNOWN = record(
    {
        "url": TEXT,
        "root": {"type": "string", "description": "sha256 of the root that it is known by"},
        "fingerprint": {"type": "string", "description": "its first half, as marketplaces print it"},
        "since": TEXT,
        "configured": {"type": "boolean", "description": "whether an address named that root"},
        "root_version": {"type": "integer", "description": "of its newest root"},
        "root_until": maybe(MOMENT),
        "signed_until": maybe(MOMENT),
        "looked": maybe(MOMENT),
        "problem": TEXT,
    }
)
DEMAND: Schema = {"enum": ["nothing", "marketplace", "publisher"]}
MARKETPLACE = record(
    {
        "url": TEXT,
        "place": maybe({**NUMBER, "description": "when it is asked, 1 first; null where it is not asked"}),
        "known": maybe(KNOWN),
        "demand": DEMAND,
        "own_demand": {**FLAG, "description": "whether that is demanded of it by name, not of all"},
        "plugins": many(TEXT),
    }
)
PUBLISHED = record(
    {
        "file": TEXT,
        "plugin": maybe(TEXT),
        "version": TEXT,
        "sha256": TEXT,
        "key": maybe({"type": "string", "description": "sha256 of the publisher's key that signed it"}),
        "answer": {"type": "string", "description": "what the marketplace said"},
    }
)
_LISTED = record({"app": TEXT, "demand": DEMAND, "marketplaces": many(MARKETPLACE)})

TRUST_ANSWERS: dict[str, Schema] = {
    "publish": record({"made_key": maybe(TEXT), "published": many(PUBLISHED)}),
    "trust list": _LISTED,
    "trust demand": _LISTED,
    "trust forget": record({"app": TEXT, "forgotten": TEXT}),
    "trust pin": record({"app": TEXT, "known": KNOWN}),
}
