"""Texts of scripts in several languages, and what each person prefers (U14)."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chat_console.rtext import RText, RTextBase, RTextMCDRTranslation
from chat_console.serializing import Serializable
from chat_console.yaml_text import read_yaml

FALLBACK = "en_us"
"""The language that is taken where another has no such text."""


class PreferenceItem(Serializable):
    """What a person prefers.

    Attributes:
        language: of the texts they read.
    """

    language: str = FALLBACK


class Translations:
    """Every translation of every script.

    Args:
        language: of the console.
        preferences: the file with what people prefer; made at the first change.
    """

    def __init__(self, language: str, preferences: Path) -> None:
        self.language = language or FALLBACK
        self._path = preferences
        self._texts: dict[str, dict[str, tuple[Any, str]]] = {}
        self._local = threading.local()
        self._preferred: dict[str, str] = {}

    def load_preferences(self, tell: Callable[[str], None]) -> None:
        """Read what people prefer; a damaged file is set aside, and everyone reads the console's language.

        Args:
            tell: told of such a file, and where it is now.
        """
        path = self._path
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            self._preferred = {str(name): str(one) for name, one in read.items()}
        except FileNotFoundError:
            return
        except (ValueError, AttributeError, RecursionError, OSError) as error:
            aside = path.with_name(f"{path.name}.damaged")
            try:
                path.replace(aside)
            except OSError as problem:
                tell(f"{path.name} cannot be read: {error}; nor be set aside: {problem}")
            else:
                tell(f"{path.name} cannot be read: {error}; it is set aside as {aside.name}, and a new one is begun")

    def register(self, owner: Any, language: str, mapping: Mapping[str, Any]) -> None:
        """Add texts; a nested mapping is the same as keys with dots."""
        texts = self._texts.setdefault(language.lower(), {})
        for key, text in _flat(mapping):
            texts[key] = (owner, text)

    def drop(self, owner: Any) -> None:
        """Forget the texts of a script."""
        for language, texts in self._texts.items():
            self._texts[language] = {key: one for key, one in texts.items() if one[0] is not owner}

    def has(self, key: str, language: str | None = None, *, fallback: bool = True) -> bool:
        """Say whether there is a text."""
        return self._find(key, language or self.current, fallback=fallback) is not None

    @property
    def current(self) -> str:
        """The language of this moment."""
        return str(getattr(self._local, "language", None) or self.language)

    @contextmanager
    def in_language(self, language: str) -> Iterator[None]:
        """Translate into a language within."""
        before = getattr(self._local, "language", None)
        self._local.language = language
        try:
            yield
        finally:
            self._local.language = before

    def tr(self, key: str, *args: Any, language: str | None = None, **kwargs: Any) -> Any:
        """Return a text with the arguments in it; rich where one of them is. Without one, the key itself."""
        text = self._find(key, language or self.current, fallback=True)
        if text is None:
            return key
        if not args and not kwargs:
            return text
        try:
            if any(isinstance(one, RTextBase) for one in (*args, *kwargs.values())):
                return RTextBase.format(text, *args, **kwargs)
            return text.format(*args, **kwargs)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # what does not fit still says something
            return text

    def rtr(self, key: str, *args: Any, **kwargs: Any) -> RTextMCDRTranslation:
        """Return a text that is translated when it is shown."""
        return RTextMCDRTranslation(key, *args, **kwargs).set_translator(self.tr)

    def shown_to(self, language: str, text: Any) -> RTextBase:
        """Return a text as a reader of a language sees it."""
        with self.in_language(language):
            if isinstance(text, RTextMCDRTranslation):
                return text.translated(language)
            return RTextBase.from_any(text)

    def plain(self, text: Any) -> str:
        """Return the letters of a text, in the console's language."""
        return text.to_plain_text() if isinstance(text, RTextBase) else str(text)

    def of(self, mapping_or_text: Any) -> Any:
        """Return a text, or of a mapping of languages the one that is read now."""
        if not isinstance(mapping_or_text, Mapping):
            return mapping_or_text
        texts = {str(key).lower(): text for key, text in mapping_or_text.items()}
        for language in (self.current, FALLBACK):
            if language in texts:
                return texts[language]
        return next(iter(texts.values()), RText(""))

    def preference(self, name: str) -> PreferenceItem:
        """Return what a person prefers; the console's name is empty."""
        return PreferenceItem(language=self._preferred.get(name, self.language))

    def prefer(self, name: str, preference: PreferenceItem) -> None:
        """Keep what a person prefers."""
        self._preferred[name] = preference.language
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replacement = self._path.with_suffix(".new")
        replacement.write_text(json.dumps(self._preferred, indent=2) + "\n", encoding="utf-8")
        replacement.replace(self._path)

    def load(self, owner: Any, files: Mapping[str, bytes], warn: Callable[[str], None]) -> None:
        """Add the texts of a packed script's `lang` folder.

        Args:
            owner: the script.
            files: name -> content, `en_us.json`.
            warn: told of what cannot be read.
        """
        for name, content in sorted(files.items()):
            language, _, form = name.rpartition(".")
            try:
                self.register(owner, language, _parsed(form, content.decode("utf-8-sig")))
            except ValueError as error:
                warn(f"lang/{name} cannot be read: {error}")

    def _find(self, key: str, language: str, *, fallback: bool) -> str | None:
        for one in (language.lower(), *((FALLBACK,) if fallback else ())):
            found = self._texts.get(one, {}).get(key)
            if found is not None:
                return found[1]
        return None


def _parsed(form: str, text: str) -> Mapping[str, Any]:
    read = json.loads(text) if form == "json" else read_yaml(text)
    if not isinstance(read, Mapping):
        raise ValueError("it holds no mapping")  # noqa: TRY004 (of the file, as a syntax error is)
    return read


def _flat(mapping: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in mapping.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value if isinstance(value, str) else str(value)
