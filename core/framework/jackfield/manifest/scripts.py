"""What a script says of itself: `PLUGIN_METADATA`, read from its text without running it (M5, M6, M9 to M15, U2).

Fallbacks, each with a warning: the id is the file's name in the letters of an id, the version 0.0.0, the name the id.
What contradicts the grammar of ids or requirements is no fallback but an error: nobody could depend on such a plugin.
"""

import ast
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from jackfield.errors import GrammarError, ManifestError
from jackfield.manifest.identity import LONGEST_ID, parse_id
from jackfield.manifest.requirements import Dependency, Requirement
from jackfield.manifest.schema import SCHEMA, Manifest
from jackfield.manifest.versions import Version

METADATA = "PLUGIN_METADATA"
"""The name of the mapping in a script (M5)."""

FALLBACK_VERSION = "0.0.0"
"""The version of a script that names none (M10)."""

HOST_ID = "mcdreforged"
"""The id by which scripts name the host itself in their dependencies (M15)."""

_LANGUAGES = ("en_us", "en", "en_gb")
_UNKNOWN: Any = object()


def read_script(text: str, *, source: str, fallback_id: str) -> Manifest:
    """Read the metadata of a script's text.

    Args:
        text: the whole file.
        source: the file, named in every error and warning.
        fallback_id: the file's name without its suffix.

    Raises:
        ManifestError: it is no Python, or its metadata cannot be used; the sentence names what.
    """
    try:
        tree = ast.parse(text, filename=source)
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise ManifestError(f"{source} is no Python{where}: {getattr(error, 'msg', error)}") from error
    return script_manifest(_metadata(tree), source=source, fallback_id=fallback_id)


def script_manifest(metadata: Mapping[str, Any] | None, *, source: str, fallback_id: str) -> Manifest:
    """Make a manifest of a script's metadata; what it leaves out falls back, with a warning where it matters.

    Args:
        metadata: `PLUGIN_METADATA` or the content of `mcdreforged.plugin.json`; None where there is none.
        source: the file, named in every error and warning.
        fallback_id: the file's name without its suffix.

    Raises:
        ManifestError: an id or a requirement outside the grammar.
    """
    warnings: list[str] = []
    told = metadata is not None  # also where none of it can be read without running the script
    if metadata is None:
        warnings.append(f"{source} has no {METADATA}: it is called {nearest_id(fallback_id)} {FALLBACK_VERSION}")
        metadata = {}
    identity = _identity(metadata, source, fallback_id, warnings, told=told)
    requires, host = _dependencies(metadata.get("dependencies"), source)
    link = metadata.get("link")
    return Manifest(
        schema=SCHEMA,
        id=identity,
        name=_text(metadata.get("name")) or identity,
        version=_version(metadata.get("version"), source, warnings, told=told),
        description=_text(metadata.get("description")),
        authors=_authors(metadata.get("author")),
        link=link if isinstance(link, str) else "",
        isolation="inline",
        host=host,
        requires=requires,
        warnings=tuple(warnings),
    )


def nearest_id(name: str) -> str:
    """Return the id that is nearest to a file's name: `Join MOTD` becomes `join_motd` (M9)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9_.-]+", "_", plain).lstrip("-.")[:LONGEST_ID]
    return made if re.search(r"[a-z0-9]", made) else "script"


def _metadata(tree: ast.Module) -> Mapping[str, Any] | None:
    """Return the static part of `PLUGIN_METADATA`; values that only running the script would tell are left out."""
    constants: dict[str, Any] = {}
    for node in tree.body:
        name, value = _assigned(node)
        if name is None or value is None:
            continue
        if name == METADATA and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            read = ((_static(key, constants), _static(one, constants)) for key, one in pairs)
            return {key: one for key, one in read if isinstance(key, str) and one is not _UNKNOWN}
        constants[name] = _static(value, constants)
    return None


def _assigned(node: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.value
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    return None, None


def _static(node: ast.expr | None, constants: Mapping[str, Any]) -> Any:
    if node is None:
        return _UNKNOWN
    if isinstance(node, ast.Name):
        return constants.get(node.id, _UNKNOWN)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN


def _identity(metadata: Mapping[str, Any], source: str, fallback_id: str, warnings: list[str], *, told: bool) -> str:
    given = metadata.get("id")
    if given is None:
        if told:
            warnings.append(f"{source} names no id: it is called {nearest_id(fallback_id)}")
        return nearest_id(fallback_id)
    if not isinstance(given, str):
        raise ManifestError(f"{source}: its id is no text: {given!r}")
    try:
        return parse_id(given)
    except GrammarError as error:
        raise ManifestError(f"{source}: {error.message}", hint=error.hint) from error


def _version(given: object, source: str, warnings: list[str], *, told: bool) -> Version:
    if given is None:
        if told:
            warnings.append(f"{source} names no version: {FALLBACK_VERSION} is used")
        return Version.parse(FALLBACK_VERSION)
    try:
        return Version.parse(str(given))
    except GrammarError as error:
        warnings.append(f"{source}: {error}; {FALLBACK_VERSION} is used")
        return Version.parse(FALLBACK_VERSION)


def _text(given: object) -> str:
    """Return a text, or of a language map the English one, or its first (U2)."""
    if isinstance(given, Mapping):
        texts = {str(language).lower(): text for language, text in given.items() if isinstance(text, str)}
        return next((texts[one] for one in _LANGUAGES if one in texts), next(iter(texts.values()), ""))
    return given if isinstance(given, str) else ""


def _authors(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    return tuple(one for one in given if isinstance(one, str)) if isinstance(given, list | tuple) else ()


def _dependencies(given: object, source: str) -> tuple[tuple[Dependency, ...], dict[str, Requirement]]:
    if given is None:
        return (), {}
    if not isinstance(given, Mapping):
        raise ManifestError(f"{source}: its dependencies are no mapping of id and requirement: {given!r}")
    requires: list[Dependency] = []
    host: dict[str, Requirement] = {}
    for name, requirement in given.items():
        try:
            if name == HOST_ID:
                host[HOST_ID] = Requirement.parse(str(requirement))
            else:
                requires.append(Dependency.from_pair(str(name), str(requirement)))
        except GrammarError as error:
            raise ManifestError(f"{source}: its dependency {name}: {error.message}", hint=error.hint) from error
    return tuple(requires), host
