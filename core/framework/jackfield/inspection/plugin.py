"""What makes a wheel a plugin: one entry point in a plugin group, and a manifest that agrees with it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jackfield.errors import IdentityError, JackfieldError, SchemaTooNew, VersionError
from jackfield.inspection.report import EntryPoint, Finding
from jackfield.manifest import Manifest, Version, parse_id, read_manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from jackfield.inspection.archive import WheelArchive

MISSING_MANIFEST = "Invalid package: missing plugin.toml"
_PACKAGE_DATA_HINT = (
    'set package-data so that it is packed: [tool.setuptools.package-data] {package} = ["plugin.toml"]; '
    "hatchling packs it by itself"
)


def is_plugin_group(group: str, groups: Collection[str] | None) -> bool:
    """Tell whether an entry-point group holds plugins: one of `groups`, or any `<app>.plugins` where that is None."""
    return group in groups if groups is not None else group.endswith(".plugins")


@dataclass(frozen=True, slots=True)
class PluginPart:
    """What a wheel says of itself as a plugin; all None for a library."""

    entry_point: EntryPoint | None = None
    package: str | None = None
    manifest: Manifest | None = None
    manifest_bytes: bytes | None = None
    changelog: str = ""


def read_plugin(
    archive: WheelArchive,
    entry_points: Sequence[EntryPoint],
    groups: Collection[str] | None,
    *,
    version: str,
    strict: bool,
) -> tuple[PluginPart, list[Finding]]:
    """Find the plugin in a wheel, read its manifest, and hold the two against each other.

    Args:
        archive: an archive that may be read.
        entry_points: of the whole wheel.
        groups: the plugin groups, see `is_plugin_group`.
        version: the wheel's own, PEP 440.
        strict: unknown keys of the manifest refuse the wheel.
    """
    found = [each for each in entry_points if is_plugin_group(each.group, groups)]
    if not found:
        return PluginPart(), []
    if len({each.name for each in found}) > 1 or len(found) > 1:
        names = ", ".join(f"{each.name} in {each.group}" for each in found)
        return PluginPart(found[0]), [
            Finding("several-plugins", "refuse", f"one wheel holds one plugin; this one names {names}")
        ]
    entry = found[0]
    findings = list(_check_entry(entry))
    package = entry.module.split(".")[0]
    path = f"{package}/plugin.toml"
    data = archive.read_text(path)
    if data is None:
        hint = _PACKAGE_DATA_HINT.format(package=package)
        findings.append(Finding("missing-manifest", "refuse", f"{MISSING_MANIFEST} at {path} ({hint})", path))
        return PluginPart(entry, package), findings
    changelog = (archive.read_text(f"{package}/CHANGELOG.md") or b"").decode("utf-8", "replace")
    try:
        manifest = read_manifest(data.decode("utf-8"), source=path, strict=strict)
    except UnicodeDecodeError as exc:
        findings.append(Finding("manifest-invalid", "refuse", f"{path} is not UTF-8: {exc.reason}", path))
        return PluginPart(entry, package, None, data, changelog), findings
    except SchemaTooNew as exc:
        findings.append(Finding("manifest-too-new", "refuse", str(exc), path))
        return PluginPart(entry, package, None, data, changelog), findings
    except JackfieldError as exc:
        findings.append(Finding("manifest-invalid", "refuse", str(exc), path))
        return PluginPart(entry, package, None, data, changelog), findings
    findings += _check_manifest(manifest, entry, version, path)
    return PluginPart(entry, package, manifest, data, changelog), findings


def _check_entry(entry: EntryPoint) -> Iterator[Finding]:
    if not entry.name.isascii():
        yield Finding(
            "confusable-name", "refuse", f"the plugin id {entry.name!a} is not ASCII: it could pose as another"
        )
    else:
        try:
            parse_id(entry.name)
        except IdentityError as exc:
            yield Finding("plugin-id", "refuse", f"the entry point {entry.name} is not a plugin id: {exc}")
    if not entry.module.isascii():
        yield Finding("confusable-name", "refuse", f"the entry point's module {entry.module!a} is not ASCII")


def _check_manifest(manifest: Manifest, entry: EntryPoint, version: str, path: str) -> Iterator[Finding]:
    if manifest.id != entry.name:
        yield Finding(
            "id-mismatch", "refuse", f"the entry point is called {entry.name}; {path} says {manifest.id}", path
        )
    try:
        own = Version.from_pep440(version)
        # Both by way of PEP 440: there `pre4` and `rc4` are one version, as they are to pip.
        said = None if manifest.version is None else Version.from_pep440(manifest.version.to_pep440())
    except VersionError as exc:
        yield Finding("version-unpublishable", "refuse", f"a plugin cannot have the version {version}: {exc}", path)
    else:
        if said is not None and said != own:
            yield Finding(
                "version-mismatch", "refuse", f"{path} says version {manifest.version}; the wheel is {version}", path
            )
    if is_deceptive(manifest.name):
        yield Finding(
            "confusable-name", "quarantine", f"the name {manifest.name!a} mixes scripts or hides characters", path
        )
    yield from _check_permissions(manifest, path)


def _check_permissions(manifest: Manifest, path: str) -> Iterator[Finding]:
    """Permission lint: what a reviewer would ask about."""
    for permission in manifest.permissions:
        shown = f"{permission.resource}:{','.join(permission.actions)}"
        if not permission.reason:
            yield Finding("permission-reason", "note", f"{path} asks for {shown} without a reason", path)
        if any(host.partition(":")[0] in ("*", "*.*") for host in permission.hosts):
            yield Finding("permission-wide", "note", f"{path} asks for {shown} on every host", path)


def is_deceptive(text: str) -> bool:
    """Tell whether a name for people mixes Latin with look-alike scripts or holds characters that do not show."""
    if text.isascii():
        return not text.isprintable()
    scripts = set()
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"):
            return True
        if category.startswith("L"):
            scripts.add(unicodedata.name(character, "?").split(" ")[0])
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH"})
