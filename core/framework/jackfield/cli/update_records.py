"""The records of updates and of how plugins are updated, as JSON Schema; `schemas` puts them together."""

from jackfield.cli.records import (
    DECIMAL,
    FLAG,
    GROWTH,
    MOMENT,
    NUMBER,
    PERMISSION,
    SAID,
    TEXT,
    Schema,
    many,
    maybe,
    record,
)

MODE: Schema = {"enum": ["pin", "notify", "auto"]}

UPDATE = record(
    {
        "id": TEXT,
        "name": TEXT,
        "current": TEXT,
        "new": maybe(TEXT),
        "changelog": TEXT,
        "growth": many(GROWTH),
        "permissions": many(PERMISSION),
        "problem": maybe(TEXT),
        "held": maybe(TEXT),
        "held_back": maybe(TEXT),
        "pinned": maybe(SAID),
        "brings": many(TEXT),
        "failed": maybe({"type": "string", "description": "why the newest version is held back: it failed here"}),
        "unread": maybe({"type": "string", "description": "on a newer version that is passed over"}),
        "unchecked": {
            "enum": [None, "untrusted", "unreachable", "failed"],
            "description": "what kept its marketplace's answer, or a part of it, from being taken",
        },
        "policy": MODE,
        "revoked": maybe({"type": "string", "description": "why the installed version was revoked"}),
        "security": maybe({"type": "string", "description": "what security hole the new version mends"}),
        "security_confirmed": FLAG,
        "waits": maybe(
            record(
                {
                    "version": TEXT,
                    "reason": {"enum": ["never", "halted", "rollout", "delay"]},
                    "sentence": TEXT,
                    "until": maybe(MOMENT),
                }
            )
        ),
        "later": maybe(MOMENT),
        "migrates": maybe(many(NUMBER)),
        "size": {"type": "integer", "minimum": 0, "description": "bytes of its wheel; 0 where nobody says"},
        "done": maybe({"type": "string", "description": "what the running application did about it by itself"}),
    }
)

_POLICY: dict[str, Schema] = {
    "mode": MODE,
    "delay_seconds": DECIMAL,
    "pre": FLAG,
}
DEFAULT_POLICY = record({**_POLICY, "tell": FLAG})
POLICY = record(
    {
        "id": TEXT,
        **_POLICY,
        "own": {"type": "boolean", "description": "whether anything is said of it alone"},
        "held": maybe(TEXT),
        "never": many(TEXT),
        "later": maybe(record({"version": TEXT, "until": MOMENT})),
    }
)
