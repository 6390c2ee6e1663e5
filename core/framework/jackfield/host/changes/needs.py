"""What a plugin needs of others, and why it lacks it."""

from collections.abc import Mapping

from jackfield.host.changes.survey import Survey
from jackfield.host.lifecycle import State
from jackfield.host.plugins import Record


def required(cid: str, seen: Survey) -> set[str]:
    """Return a plugin and all that it requires, directly or through others, by canonical id."""
    found, waiting = {cid}, [cid]
    while waiting:
        manifest = seen.judgement.verdicts[waiting.pop()].candidate.manifest
        for need in manifest.requires if manifest is not None else ():
            if not need.optional and need.canonical_id not in found:
                found.add(need.canonical_id)
                waiting.append(need.canonical_id)
    return found


def missing_need(record: Record, records: Mapping[str, Record], *up: State) -> str:
    """Say which plugin that one requires does not stand where it has to; empty where all do.

    Args:
        record: whose needs.
        records: every plugin, by canonical id.
        up: where the others have to stand.
    """
    manifest = record.candidate.manifest
    for need in manifest.requires if manifest is not None else ():
        other = records.get(need.canonical_id)
        if not need.optional and (other is None or other.life.state not in up):
            return f"needs {need.id}, which {_why(other)}"
    return ""


def _why(record: Record | None) -> str:
    if record is None:
        return "is missing"
    if record.life.state in (State.FAILED, State.BLOCKED):
        return f"{'failed' if record.life.state is State.FAILED else 'is blocked'}: {record.life.problem}"
    return f"is {record.life.state}"
