"""`!perm …`: what owners permit to members, roles and everyone, beyond what roles may (U24)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from jackfield.api import CommandSource, Custom, Level
from jackfield.errors import UsageError

from jackfield_chat.accounts import AccountError, Accounts, Role, checked
from jackfield_chat.plugins.source import RIGHTS

if TYPE_CHECKING:
    from jackfield.host import CommandRegistry

_MOST_NAMES = 20


def add_permit_commands(commands: "CommandRegistry", accounts: Accounts) -> None:
    """Add the commands of `perm` to the chat's own; they are for owners.

    Raises:
        PluginError: a plugin holds their root.
    """
    permits = accounts.permits

    def known() -> list[str]:
        own = {command.requirement.own for command in commands.all() if command.requirement.level > Level.GUEST}
        needed = {need for command in commands.all() for need in command.requirement.needs}
        return sorted({*RIGHTS, *needed, *own} - {""})

    def names(prefix: str) -> list[str]:
        members = [account.name for account in accounts.beginning(prefix, limit=_MOST_NAMES)]
        return [*members, *(f"role:{role.label}" for role in Role), "*"]

    who_type = Custom(_told(permits.who), "a member, role:helper or *", names)
    what_type = Custom(_told(checked), "a permission like messages:send", lambda prefix: [*known(), "*:*"])

    async def permit(
        source: CommandSource, who: Annotated[str, who_type], permission: Annotated[str, what_type]
    ) -> None:
        """Permit something to a member, a role and those above it, or everyone."""
        done = permits.permit(who, permission)
        await source.reply(f"{done.permission} is permitted to {done.who}")

    async def cancel(
        source: CommandSource, who: Annotated[str, who_type], permission: Annotated[str, what_type]
    ) -> None:
        """Take back what was permitted."""
        done = permits.cancel(who, permission)
        await source.reply(f"{done.permission} is not permitted to {done.who} any more")

    async def cancel_all(source: CommandSource, who: Annotated[str, who_type]) -> None:
        """Take back all that was permitted to someone."""
        await source.reply(f"{permits.cancel_all(who)} permissions of {permits.who(who)} were taken back")

    async def permitted(source: CommandSource, who: Annotated[str | None, who_type] = None) -> None:
        """List what is permitted, to all or to one."""
        found = [one for one in permits.all() if who is None or one.who == who]
        lines = [f"{one.who}: {one.permission}" for one in found] or ["nothing"]
        await source.reply("\n".join(["Permitted beyond roles", *lines]))

    async def permissions(source: CommandSource) -> None:
        """List the permissions that commands ask for."""
        await source.reply("\n".join(["Permissions of users", *known()]))

    for name, handler in (
        ("permit", permit),
        ("cancel", cancel),
        ("cancelall", cancel_all),
        ("permitted", permitted),
        ("permissions", permissions),
    ):
        commands.add("", f"perm {name}", handler, level=Level.OWNER)


def _told(read: Callable[[str], str]) -> Callable[[str], str]:
    """Read, and tell what is wrong as the user's mistake."""

    def reading(text: str) -> str:
        try:
            return read(text)
        except AccountError as exc:
            raise UsageError(exc.message) from exc

    return reading
