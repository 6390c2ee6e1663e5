"""A plugin that was found and is not yet trusted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jackfield.errors import JackfieldError
from jackfield.manifest.schema import Manifest

Origin = Literal["store", "environment", "script", "external"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin as discovery found it: read, never imported.

    Args:
        id: the entry point's name; a script's is its manifest's or its file's name.
        canonical_id: the form in which ids are compared.
        distribution: the distribution that carries it; empty for a script and for an external plugin.
        version: the distribution's version (PEP 440), or what a script says.
        entry_point: `package.module:attribute` or `package.module`.
        group: the entry-point group; empty for a script and for an external plugin.
        folder: of the top-level package that the entry point names, None for a single module.
        manifest: what it says of itself; None where there is none or it cannot be read.
        origin: where it lies: jackfield's store, the host's environment, a script folder; `external` for a program
            that connects by itself.
        legacy: an installed distribution without a manifest: inline only, no permissions known (decision 5).
        problem: why it cannot be used, None when it can.
        file: a script's file or folder.
        stamp: another text whenever a script's file has changed, or an external plugin has connected anew.
        language: the canonical id of the plugin that runs a script of this kind; empty for Python.
    """

    id: str
    canonical_id: str
    distribution: str
    version: str
    entry_point: str
    group: str
    folder: Path | None
    manifest: Manifest | None
    origin: Origin
    legacy: bool = False
    problem: JackfieldError | None = None
    file: Path | None = None
    stamp: str = ""
    language: str = ""

    @property
    def name(self) -> str:
        """The name for people; the id where the manifest gives none."""
        return self.manifest.name if self.manifest is not None else self.id
