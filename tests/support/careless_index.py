"""A plain index that looks at nothing: it serves any wheel, with any texts beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.answering import answering
from tests.support.wheels import WheelSource


@dataclass
class Shown:
    """One wheel, and what is said of it."""

    wheel: Path
    metadata: bytes
    manifest: bytes | None


def shown(
    source: WheelSource,
    folder: Path,
    *,
    metadata: str | None = None,
    manifest: str | None = None,
    wheel: Path | None = None,
) -> Shown:
    """A wheel and its own texts, or others.

    Args:
        source: of the wheel, or of what is said of it.
        folder: where it is built.
        metadata: what is said to be its METADATA.
        manifest: what is said to be its plugin.toml.
        wheel: another one, of which all that is said.
    """
    own = next((str(text) for path, text in source.files.items() if path.endswith("plugin.toml")), None)
    said = manifest if manifest is not None else own
    text = metadata if metadata is not None else source.metadata()
    return Shown(wheel or source.build(folder), text.encode(), said.encode() if said is not None else None)


@contextmanager
def careless_index(projects: Mapping[str, Shown | list[Shown]], plugins: Mapping[str, str]) -> Iterator[str]:
    """Run an index for as long as the block lasts, and give its address.

    Args:
        projects: distribution -> its wheel, or those of several versions; a list may grow while the index runs.
        plugins: id -> distribution.
    """

    def answer(path: str) -> bytes | None:
        answers = {
            f"/plugins/{one}{below}": _json({"id": one, "version": "1.0.0", "distribution": name})
            for one, name in plugins.items()
            for below in ("", "/latest")
        }
        for name, given in projects.items():
            wheels = given if isinstance(given, list) else [given]
            entries = [_entry(one, answers) for one in wheels]
            answers[f"/simple/{name}/"] = _json({"meta": {"api-version": "1.1"}, "name": name, "files": entries})
        return answers.get(path.partition("?")[0])

    with answering(answer) as address:
        yield address


def _entry(one: Shown, answers: dict[str, bytes]) -> dict[str, object]:
    """What a page says of a wheel; the files behind it are added to the answers."""
    content = one.wheel.read_bytes()
    entry: dict[str, object] = {
        "filename": one.wheel.name,
        "url": f"/files/{one.wheel.name}",
        "hashes": {"sha256": _sha256(content)},
        "core-metadata": {"sha256": _sha256(one.metadata)},
        "size": len(content),
    }
    answers[f"/files/{one.wheel.name}"] = content
    answers[f"/files/{one.wheel.name}.metadata"] = one.metadata
    if one.manifest is not None:
        entry["_jackfield"] = {"plugin_toml": {"sha256": _sha256(one.manifest)}}
        answers[f"/files/{one.wheel.name}.plugin.toml"] = one.manifest
    return entry


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
