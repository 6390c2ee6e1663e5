"""Updates that the running application takes by itself, because its user said `auto`.

Each is the same transaction as a person's, by itself: what fails is left as it is, and the others go on. No permission
is ever granted here: what asks for more than was granted is left, and told; so is what a person should see first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jackfield.errors import JackfieldError
from jackfield.management.reports import Update

if TYPE_CHECKING:
    from jackfield.management.management import Management


async def take_updates(
    management: Management, updates: Sequence[Update], *, by: str, follow: Callable[[], Awaitable[None]]
) -> list[Update]:
    """Take what may be taken, one plugin after another; returns the same records with what was done about each.

    Args:
        management: whose plugins.
        updates: what a check found.
        by: who takes them, for the history.
        follow: has the running application follow a change, before the next one is made.
    """
    return [await _take(management, one, by, follow) if one.policy == "auto" and one.wanted else one for one in updates]


async def _take(management: Management, update: Update, by: str, follow: Callable[[], Awaitable[None]]) -> Update:
    waits = replace(update, done=f"{update.id} {update.new} asks for more and waits for your yes")
    if update.growth:
        return waits
    try:
        plan = await management.plan_update([update.id], growing=False)
        if plan.held or plan.consent:
            return waits
        if not plan:
            why = f"{update.new} does not go together with what is installed"
            return replace(update, done=f"{update.id} stays at {update.current}: {why}")
        if plan.going_back:
            others = ", ".join(f"{one.id} from {one.old_version} to {one.new_version}" for one in plan.going_back)
            return replace(update, done=f"{update.id} {update.new} would take back {others}, and waits for your yes")
        unsigned = ", ".join(sorted({one.distribution for one in plan.added if one.unsigned}))
        if unsigned:
            told = f"{update.id} {update.new} brings what nobody signed, {unsigned}, and waits for your yes"
            return replace(update, done=told)
        if plan.young and not update.security_confirmed:  # the delay is for those who look at nothing
            return replace(update, done=f"{update.id} {update.new} waits: {plan.young[0]}")
        await management.apply(plan, accept_permissions=False, by=by)
        await follow()
    except JackfieldError as error:
        return replace(update, done=f"{update.id} {update.new} could not be taken by itself: {error.message}")
    came = next((item.new_version for item in plan.changed if item.id == update.id), update.new)
    back = [one for one in management.failed() if one.plugin == update.id and one.version == came]
    if back:
        return replace(update, new=None, failed=back[0].sentence, done=back[0].outcome)
    return replace(update, done=f"{update.id} was updated from {update.current} to {came} by itself")
