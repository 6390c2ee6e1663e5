"""What is not followed, though a marketplace offers it or a search found it."""

from __future__ import annotations

from collections.abc import Collection

from jackfield.errors import MarketError, PluginError, UsageError
from jackfield.management.catalog import MarketCatalog, wheel_version
from jackfield.management.plan import Plan
from jackfield.management.specs import canonical
from jackfield.manifest import Version
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


async def refuse_failed(want: Want, catalog: MarketCatalog) -> None:
    """Say why, where all that would do of a plugin is held back because it failed here.

    Raises:
        PluginError: it is; the sentence tells the failure.
    """
    failed = catalog.failed_of(want.distribution)
    offer = await catalog.offer(want.distribution) if failed else None
    if offer is None:
        return

    def would_do(version: str) -> bool:
        accepts = want.requirement.accepts if want.requirement is not None else None
        return bool(version) and (accepts is None or accepts(Version.from_pep440(version, published=False)))

    held = [one for one in failed if would_do(one.version)]
    if held and not any(would_do(wheel_version(file.filename)) for file in offer.files if file.is_wheel):
        raise PluginError(held[0].sentence, plugin=held[0].plugin, hint=f"jackfield pin --release {held[0].plugin}")
