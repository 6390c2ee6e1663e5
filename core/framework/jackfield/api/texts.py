"""What a plugin carries in its package: files that it reads, and texts in the languages of those who read them."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

#: Says which language somebody prefers, as a tag (BCP 47: `de`, `de-AT`); called with a user's name, or with None for
#: the application's own. None: nothing is known.
LanguageOf: TypeAlias = Callable[[str | None], str | None]


class Resources(Protocol):
    """Files inside the plugin's own package, readable at any time, also in `on_load` (K34); needs no permission.

    Names are relative to the package and written with `/`: `pictures/logo.png`.
    """

    def names(self, prefix: str = "") -> Sequence[str]:
        """Return the names of all files that begin with `prefix`, sorted; compiled code is left out."""
        ...

    def read_text(self, name: str, *, encoding: str = "utf-8") -> str:
        """Return the text of a file.

        Raises:
            UsageError: there is no such file in the package, it is larger than 64 MiB, or no text in that encoding.
        """
        ...

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            UsageError: there is no such file in the package, or it is larger than 64 MiB.
        """
        ...


class Translations(Protocol):
    """The texts in `lang/<language>.toml` of the plugin's package, found by themselves (U14); needs no permission.

    A key is looked for in the language that is asked for, then in the more general ones (`de-AT`, `de`), then in the
    language of the manifest. One that is nowhere is shown as itself and logged once.
    """

    def text(self, key: str, /, language: str | None = None, **values: object) -> str:
        """Return a text.

        Args:
            key: its key; of a text within tables with dots between: `errors.unknown`.
            language: for whom, as `language_of` says; None: for everybody, in the application's language.
            **values: put in place of `{name}`, which may be any name but `language`; `{{` and `}}` stand for braces.
        """
        ...

    def languages(self) -> Sequence[str]:
        """Return the languages that the plugin has texts in, sorted."""
        ...

    async def language_of(self, user: str) -> str:
        """Return the language that a user prefers, else the application's, else that of the manifest."""
        ...
