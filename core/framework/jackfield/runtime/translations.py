"""`context.translations`: a plugin's texts in the language of whoever reads them (U14)."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from jackfield.api import LanguageOf
from jackfield.errors import ManifestError, UsageError
from jackfield.manifest import parse_toml
from jackfield.runtime.resources import PluginResources

FOLDER = "lang/"
LARGEST_FILE = 1 << 20
"""Characters of one language's file."""

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_FIELD = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MOST_TOLD = 100  # missing keys that are logged; a loop over wrong keys must not fill the disk


def nobody_prefers(user: str | None) -> str | None:
    """The preference of an application that asks nobody for one."""
    return None


def language_tag(text: str) -> str | None:
    """Return a language as it is compared (`de_at`, `DE-at`: `de-AT`); None where the text is none."""
    tag = text.strip().replace("_", "-")
    if not _TAG.fullmatch(tag):
        return None
    first, *rest = tag.split("-")
    # RFC 5646, section 2.1.1: regions in capitals, scripts with one capital, all else small
    return "-".join([first.lower(), *(_cased(part) for part in rest)])


def fallbacks(tag: str) -> Iterator[str]:
    """Give a tag and the more general ones: `de-AT`, `de` (RFC 4647, section 3.4)."""
    parts = tag.split("-")
    for count in range(len(parts), 0, -1):
        yield "-".join(parts[:count])


class PluginTranslations:
    """`context.translations` of one plugin; the files are read when a text is first asked for.

    Args:
        resources: the plugin's own files.
        language: the language of its manifest.
        language_of: the host's knowledge of who prefers what.
        logger: the plugin's.
    """

    def __init__(
        self, resources: PluginResources, language: str, language_of: LanguageOf, logger: logging.Logger
    ) -> None:
        self._resources = resources
        self._language = language_tag(language) or "en"
        self._language_of = language_of
        self._logger = logger
        self._told: set[tuple[str, str]] = set()

    def text(self, key: str, /, language: str | None = None, **values: object) -> str:
        """Return a text, in the first language of the chain that has it."""
        found = self.unfilled(key, language or self._language_of(None) or "")
        if found is None:
            self._tell_once("missing", key, f"there is no text {key!r} in any language of {FOLDER}")
            return key
        return self._filled(key, found, values)

    def languages(self) -> Sequence[str]:
        """Return the languages that the plugin has texts in, sorted."""
        return sorted(self._texts)

    def texts(self) -> dict[str, dict[str, str]]:
        """Return every text, by key and then by language, as a copy (U19)."""
        keys = sorted({key for texts in self._texts.values() for key in texts})
        known = sorted(self._texts.items())
        return {key: {tag: texts[key] for tag, texts in known if key in texts} for key in keys}

    async def language_of(self, user: str) -> str:
        """Return the language that a user prefers, else the application's, else that of the manifest."""
        for said in (self._language_of(user), self._language_of(None)):
            if said and (tag := language_tag(said)):
                return tag
        return self._language

    def unfilled(self, key: str, language: str) -> str | None:
        """Return the text that somebody of that language sees, with its `{names}` left; None: there is none."""
        tag = language_tag(language)
        chain = [*(fallbacks(tag) if tag else ()), *fallbacks(self._language)]
        for one in chain:
            text = self._texts.get(one, {}).get(key)
            if text is not None:
                return text
        return None

    def _filled(self, key: str, text: str, values: Mapping[str, object]) -> str:
        """Fill in plain names alone: `str.format` would let a text reach into the values (`{user.password}`)."""

        def fill(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0][0]
            if match[1] not in values:
                self._tell_once("value", f"{key} {match[1]}", f"the text {key!r} wants a value {match[1]}")
                return match[0]
            return str(values[match[1]])

        return _FIELD.sub(fill, text)

    @cached_property
    def _texts(self) -> dict[str, dict[str, str]]:
        """Language -> key -> text; a file that cannot be read is logged and the others count."""
        read: dict[str, dict[str, str]] = {}
        for name in self._resources.names(FOLDER):
            stem, _, suffix = name.removeprefix(FOLDER).rpartition(".")
            if suffix != "toml" or "/" in stem:
                continue
            tag = language_tag(stem)
            if tag is None:
                self._logger.warning("%s: %r is no language (BCP 47)", name, stem)
                continue
            try:
                read[tag] = dict(
                    _flat(parse_toml(self._resources.read_text(name, encoding="utf-8-sig"), name, largest=LARGEST_FILE))
                )
            except (UsageError, ManifestError, ValueError) as error:
                why = str(error).removeprefix(f"{name}: ")
                self._logger.warning("%s cannot be read, so its texts are missing: %s", name, why)
        return read

    def _tell_once(self, kind: str, what: str, sentence: str) -> None:
        if (kind, what) not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add((kind, what))
            self._logger.warning("%s", sentence)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            raise UsageError(f"{prefix}{key} is no text")


def _cased(part: str) -> str:
    if len(part) == 2 and part.isalpha():
        return part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part.lower()
