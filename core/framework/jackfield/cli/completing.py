"""What the shell offers: ids of what is installed here, read as `list` reads them, settings, permissions, applications.

No plugin is imported and no marketplace is asked: a key that is pressed for a hint must not wait for the network.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from jackfield.cli.apps import known_apps
from jackfield.cli.lazy import LazyGroup
from jackfield.cli.session import Session
from jackfield.errors import JackfieldError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def installed_ids(*, origin: str | None = None, enabled: bool | None = None) -> Completer:
    """Make the completion of an argument that names installed plugins; those typed already are not offered again.

    Args:
        origin: only plugins of the `store`, or of the `environment`.
        enabled: only those that are, or are not, enabled.
    """

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        typed = ctx.params.get(param.name or "") or ()
        taken = {typed} if isinstance(typed, str) else {*typed}
        try:
            rows = _session(ctx).management.list()
        except (JackfieldError, OSError):
            return []  # an error would be printed into the line that is being typed
        return sorted(
            {
                row.id
                for row in rows
                if row.id.startswith(incomplete)
                and row.id not in taken
                and origin in (None, row.origin)
                and enabled in (None, row.enabled)
            }
        )

    return complete


def asked_permissions(*, granted: bool) -> Completer:
    """Make the completion of the permissions of the plugin that is named before them.

    Args:
        granted: those that it was granted, else those that it was not.
    """

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        typed = set(ctx.params.get(param.name or "") or ())
        try:
            asked = _session(ctx).management.permissions(str(ctx.params.get("plugin"))).request.permissions
        except (JackfieldError, OSError):
            return []
        names = [f"{one.resource}:{one.action}" for one in asked if one.granted is granted]
        return [name for name in dict.fromkeys(names) if name.startswith(incomplete) and name not in typed]

    return complete


def setting_keys() -> Completer:
    """Make the completion of the settings of the plugin that is named before them."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        typed = ctx.params.get(param.name or "") or ()
        try:
            declared = _session(ctx).management.kept.settings(str(ctx.params.get("plugin"))).declared
        except (JackfieldError, OSError):
            return []
        return [one.key for one in declared if one.key.startswith(incomplete) and one.key not in typed]

    return complete


def wheels(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer files where a path is begun; a plugin's name is not looked up, for that would ask a marketplace."""
    from click.shell_completion import CompletionItem  # what a shell asks for, no command needs

    return [CompletionItem(incomplete, type="file")] if "/" in incomplete or incomplete.startswith(".") else []


def applications(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the applications that take plugins here."""
    try:
        return sorted(name for name in known_apps(os.environ) if name.startswith(incomplete))
    except (JackfieldError, OSError):
        return []


def _session(ctx: click.Context) -> Session:
    """The session of the options that were typed before the command; completion runs no callback that would make it."""
    current: click.Context | None = ctx
    while current is not None:
        if isinstance(current.command, LazyGroup) and current.command.opens is not None:
            return current.command.opens(current)
        current = current.parent
    raise UsageError("the command was called outside of a group made by jackfield.cli")
