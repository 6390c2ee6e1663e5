"""From what a user named to what is looked for: a wheel on this machine, or a plugin of a marketplace."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jackfield.errors import PluginError, UnknownPlugin, WheelError
from jackfield.inspection import WheelReport
from jackfield.management.catalog import MarketCatalog
from jackfield.management.inventory import Inventory
from jackfield.management.offers import near_ids
from jackfield.management.policy import Policies
from jackfield.management.refusals import refuse_elsewhere
from jackfield.management.specs import Spec, canonical, installed_as
from jackfield.manifest import Pin, Requirement, Version
from jackfield.resolution import Want


class Wanting:
    """Looks up what was named, for one plan.

    Args:
        app: the application's name.
        inventory: what is installed.
        urls: the marketplaces, in order.
        catalog: where to look.
        policies: which plugins may come in pre-releases.
    """

    def __init__(
        self, app: str, inventory: Inventory, urls: Sequence[str], catalog: MarketCatalog, policies: Policies
    ) -> None:
        self._app = app
        self._inventory = inventory
        self._urls = urls
        self._catalog = catalog
        self._policies = policies

    async def want(self, spec: Spec, *, pre: bool) -> Want:
        """What is wanted.

        Args:
            spec: what the user named.
            pre: whether pre-releases may be chosen.

        Raises:
            UnknownPlugin: no marketplace has it; the nearest ids are named.
            WheelError: the file is no plugin, or is refused.
            PluginError: it came by pip, or is a script.
        """
        if spec.file is not None:
            report = self._catalog.add_file(spec.file)
            if report.manifest is None:
                raise _no_plugin(spec.file.name, report, self._catalog.groups)
            plugin = report.manifest.id
            refuse_elsewhere(self._inventory, plugin, "install")
            found = await self._catalog.distribution(report.manifest.canonical_id) or report.name
            if spec.sha256:
                self._catalog.hold(found, spec.sha256)
            return Want(found, plugin, pre=True)
        plugin = spec.id or ""
        refuse_elsewhere(self._inventory, plugin, "install")
        name = await self._catalog.distribution(canonical(plugin))
        if name is not None:
            self._inventory.memory.distributions[canonical(plugin)] = name
        else:
            where = ", ".join(self._catalog.sources)
            near = await near_ids(self._urls, plugin, app=self._app)
            hint = f"did you mean {' or '.join(near)}?" if near else f"jackfield search {plugin}"
            raise UnknownPlugin(f"no plugin {plugin} at {where}", plugin=plugin, hint=hint)
        pin = self._inventory.pins.get(canonical(plugin))
        if pin is not None and pin.source == "file" and spec.requirement is not None:
            self._refuse_others(plugin, pin, spec.requirement)
        if spec.sha256:
            self._catalog.hold(name, spec.sha256)
        if spec.sha256 or spec.exact:
            self._catalog.withheld.name(name)
        return Want(name, plugin, spec.requirement, pre or self._policies.of(canonical(plugin)).pre)

    def _refuse_others(self, plugin: str, pin: Pin, requirement: Requirement) -> None:
        """Refuse another version of what came from a file: an installed plugin stays with where it came from.

        Raises:
            PluginError: it is another version that is asked for.
        """
        if not requirement.accepts(Version.parse(installed_as(pin))):
            raise PluginError(
                f"{plugin} {pin.version} came from a file, so no marketplace is asked for another version of it",
                plugin=plugin,
                hint=f"jackfield remove {plugin}, then install it again; its data stays",
            )


def _no_plugin(filename: str, report: WheelReport, groups: Collection[str]) -> WheelError:
    """What is said of a wheel without an entry point that this application looks for."""
    wanted = " or ".join(sorted(groups))
    others = sorted({one.group for one in report.entry_points} - {"console_scripts", "gui_scripts"})
    only = f", only in {', '.join(others)[:200]}" if others else ""
    if not others and not any(one.path.endswith("/plugin.toml") for one in report.files):
        hint = "libraries come by themselves"
    else:
        hint = f'its author names its code in pyproject.toml, under [project.entry-points."{min(groups, default="")}"]'
    return WheelError(f"{filename} is no plugin: it has no entry point in {wanted}{only}", hint=hint)
