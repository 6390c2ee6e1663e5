"""What is not followed, though a marketplace offers it or a search found it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator

from jackfield.errors import MarketError, PluginError, ResolutionError, UsageError
from jackfield.management.catalog import MarketCatalog
from jackfield.management.inventory import Inventory
from jackfield.management.plan import Plan
from jackfield.management.probation import FailedVersion
from jackfield.management.revoked import refused
from jackfield.management.specs import canonical
from jackfield.management.unmet import disabling
from jackfield.management.withheld import wheel_version
from jackfield.manifest import Pin, Version
from jackfield.resolution import Solution, Want
from jackfield.revocation import sentence


def refuse_impostor(want: Want, solution: Solution) -> None:
    """Ids and distributions are one to one: a marketplace that mixes them up is not followed.

    Raises:
        PluginError: it is one of the application's own environment, which nobody's file takes the place of.
        MarketError: the distribution that was named for a plugin is another plugin, or a library.
    """
    if want.distribution in solution.host_used:
        raise PluginError(
            f"{want.plugin} comes as {want.distribution}, and the application's own environment has "
            f"{want.distribution} {solution.host_used[want.distribution]}, which stays",
            plugin=want.plugin,
            hint="tell its author: no plugin is called as a library of the application is",
        )
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


async def refuse_held_back(want: Want, catalog: MarketCatalog) -> None:
    """Say why, where all that would do of a plugin failed here, was revoked or waits.

    Raises:
        PluginError: it does; the sentence tells the failure, who revoked it and why, or what is waited for.
    """
    await _refuse_failed(want, catalog)
    await _refuse_revoked(want, catalog)
    if catalog.withheld.can_hold:
        await _refuse_waiting(want, catalog)


async def _refuse_failed(want: Want, catalog: MarketCatalog) -> None:
    failed = catalog.left_out.failed_of(want.distribution)
    offer = await catalog.offer(want.distribution) if failed else None
    if offer is None:
        return
    held = [one for one in failed if _would_do(want, one.version)]
    if held and not any(_would_do(want, wheel_version(file.filename)) for file in offer.files if file.is_wheel):
        raise PluginError(held[0].sentence, plugin=held[0].plugin, hint=f"jackfield pin --release {held[0].plugin}")


async def _refuse_revoked(want: Want, catalog: MarketCatalog) -> None:
    offer = await catalog.offer(want.distribution)
    revoked = catalog.left_out.revoked_of(want.distribution)
    meant = [one for version, one in revoked.items() if _would_do(want, version)]
    files = offer.files if offer is not None else ()
    there = {wheel_version(file.filename) for file in files if file.is_wheel} - revoked.keys()
    if meant and not any(_would_do(want, version) for version in there):
        raise refused(*meant[-1])


def refuse_failed(pins: Iterable[Pin], failed: Iterable[FailedVersion]) -> None:
    """Hold the files of a lock to what failed here: whoever made it need not know.

    Args:
        pins: what would come.
        failed: what is held back.

    Raises:
        PluginError: one of them did; the sentence tells the failure, and how to have it all the same.
    """
    held = {one.sha256: one for one in failed}
    found = next((held[pin.file.sha256] for pin in pins if pin.file.sha256 in held), None)
    if found is not None:
        raise PluginError(found.sentence, plugin=found.plugin, hint=f"jackfield pin --release {found.plugin}")


@contextlib.contextmanager
def naming_revoked(catalog: MarketCatalog) -> Iterator[None]:
    """Where no set of versions holds, name what was revoked of what it would have needed."""
    try:
        yield
    except ResolutionError as error:
        told = [
            sentence(*one)
            for versions in catalog.left_out.revoked.values()
            for one in versions.values()
            if (one[0].plugin or one[0].distribution) in error.message
        ]
        if not told:
            raise
        raise ResolutionError(f"{error.message}\n{told[-1]}", plugin=error.plugin, hint=error.hint) from error


async def _refuse_waiting(want: Want, catalog: MarketCatalog) -> None:
    offer = await catalog.offer(want.distribution)
    waiting = [one for one in catalog.withheld.of(want.distribution) if _would_do(want, one.version)]
    there = [wheel_version(file.filename) for file in offer.files if file.is_wheel] if offer is not None else []
    if waiting and not any(_would_do(want, version) for version in there):
        raise PluginError(
            f"{want.plugin} {waiting[0].sentence}",
            plugin=want.plugin,
            hint=f"to have it all the same, name it: jackfield install {want.plugin}=={waiting[0].version}",
        )


def _would_do(want: Want, version: str) -> bool:
    accepts = want.requirement.accepts if want.requirement is not None else None
    return bool(version) and (accepts is None or accepts(Version.from_pep440(version, published=False)))


def refuse_elsewhere(inventory: Inventory, plugin: str, verb: str) -> None:
    """Leave to others what is not ours to change: scripts, and what came by pip.

    Args:
        inventory: what is installed.
        plugin: its id.
        verb: what shall be done: `install`, `update`, `remove`.

    Raises:
        PluginError: it is one of these; the sentence says how it is done there.
    """
    script = inventory.scripts.get(canonical(plugin))
    if script is not None and verb != "install":
        raise PluginError(
            f"{plugin} is a script, {script.file}: {verb} it there",
            plugin=plugin,
            hint=f"disable it to have it left alone: {disabling(plugin, inventory.manifests, inventory.enabled)}",
        )
    found = inventory.environment.get(canonical(plugin))
    if found is not None and canonical(plugin) not in inventory.pins:
        done = {"install": "it is installed already; jackfield enable turns it on"}
        raise PluginError(
            f"{found.id} came by pip: {done.get(verb, f'{verb} it with pip')}",
            plugin=found.id,
            hint=f"pip {'install --upgrade' if verb == 'update' else 'uninstall'} {found.distribution}"
            if verb != "install"
            else None,
        )
