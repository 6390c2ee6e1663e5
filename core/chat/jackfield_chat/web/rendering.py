"""Templates to pages."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from jackfield.manifest import canonical_id
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from jackfield_chat import __version__
from jackfield_chat.plugins import day


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jackfield_chat.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = __version__
    environment.filters["ago"] = ago
    environment.filters["stamp"] = stamp
    environment.filters["canonical"] = canonical_id
    environment.filters["day"] = day
    environment.filters["moment"] = datetime.fromisoformat
    return environment


def page(
    template: str, *, status_code: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """Return the page that a template makes of the values."""
    text = _environment().get_template(template).render(**values)
    # What plugins say may hold half a character, which UTF-8 cannot: the rest of the page is shown all the same.
    return HTMLResponse(text.encode(errors="replace"), status_code=status_code, headers=headers)


def stamp(moment: datetime) -> str:
    """Return a moment as `<time datetime>` wants it, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def ago(moment: datetime, *, now: datetime | None = None) -> str:
    """Return how long ago a moment was, in words: the absolute time belongs beside it."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
