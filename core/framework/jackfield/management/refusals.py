"""What is not followed, though a marketplace offers it or a search found it."""

from __future__ import annotations

from collections.abc import Collection

from jackfield.errors import MarketError, UsageError
from jackfield.management.plan import Plan
from jackfield.management.specs import canonical
from jackfield.resolution import Solution, Want


def refuse_impostor(want: Want, solution: Solution) -> None:
    """Ids and distributions are one to one: a marketplace that mixes them up is not followed.

    Raises:
        MarketError: the distribution that was named for a plugin is another plugin, or a library.
    """
    manifest = solution.manifests.get(want.distribution)
    if manifest is None or manifest.canonical_id != canonical(want.plugin):
        what = f"the plugin {manifest.id}" if manifest is not None else "no plugin"
        raise MarketError(
            f"the marketplace says that {want.plugin} is in {want.distribution}, but that is {what}", plugin=want.plugin
        )


def refuse_company(plan: Plan, named: Collection[str]) -> None:
    """Hold a plan to what was named.

    Raises:
        UsageError: something else would come or change.
    """
    company = [item for item in (*plan.added, *plan.changed) if item.distribution not in named]
    if company:
        words = ", ".join(f"{item.id or item.distribution} {item.new_version}" for item in company)
        raise UsageError(f"it needs {words}, which --no-dependencies leaves out", hint="leave --no-dependencies away")
