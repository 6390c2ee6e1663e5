"""Real wheels made by hand, so that a test can say byte for byte what is in one."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

FIXED_TIME = (2024, 1, 1, 0, 0, 0)


@dataclass
class WheelSource:
    """What goes into a wheel; the defaults make a small valid plugin of the chat.

    Args:
        name: the distribution's name, as in METADATA.
        version: its PEP 440 version.
        files: path in the wheel -> text or bytes, besides dist-info.
        requires: lines of Requires-Dist.
        entry_points: group -> {name: value}.
        tag: the wheel's tag.
        metadata_lines: further lines of METADATA, put before the description.
        readme: the description, as Markdown.
    """

    name: str
    version: str = "1.0.0"
    files: dict[str, str | bytes] = field(default_factory=dict)
    requires: list[str] = field(default_factory=list)
    entry_points: dict[str, dict[str, str]] = field(default_factory=dict)
    tag: str = "py3-none-any"
    requires_python: str = ""
    metadata_lines: list[str] = field(default_factory=list)
    readme: str = ""

    @property
    def stem(self) -> str:
        """`name-version` as file names carry it (binary distribution format)."""
        return f"{self.name.replace('-', '_').replace('.', '_')}-{self.version}"

    def metadata(self) -> str:
        """The text of METADATA."""
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        if self.requires_python:
            lines.append(f"Requires-Python: {self.requires_python}")
        lines += [f"Requires-Dist: {line}" for line in self.requires]
        lines += self.metadata_lines
        if self.readme:
            lines.append("Description-Content-Type: text/markdown")
        return "\n".join(lines) + "\n\n" + self.readme

    def members(self) -> dict[str, bytes]:
        """Every file of the wheel but RECORD, in order."""
        info = f"{self.stem}.dist-info"
        out = {path: data.encode() if isinstance(data, str) else data for path, data in self.files.items()}
        out[f"{info}/METADATA"] = self.metadata().encode()
        out[f"{info}/WHEEL"] = (
            f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {self.tag}\n".encode()
        )
        if self.entry_points:
            sections = [
                f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
                for group, entries in self.entry_points.items()
            ]
            out[f"{info}/entry_points.txt"] = "\n".join(sections).encode()
        return out

    def build(self, folder: Path) -> Path:
        """Write the wheel into `folder`, equal bytes for equal sources, and return its path."""
        members = self.members()
        record = f"{self.stem}.dist-info/RECORD"
        rows = [f"{path},{record_hash(data)},{len(data)}" for path, data in members.items()]
        members[record] = ("\n".join([*rows, f"{record},,"]) + "\n").encode()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{self.stem}-{self.tag}.whl"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in members.items():
                info = zipfile.ZipInfo(path, FIXED_TIME)
                info.external_attr = 0o644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        return target


def record_hash(data: bytes) -> str:
    """The hash column of RECORD for `data` (PEP 376, sha256 in urlsafe base64 without padding)."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def manifest_text(
    plugin_id: str, version: str = "1.0.0", *, isolation: str = "any", permissions: str = "", more: str = ""
) -> str:
    """A plugin.toml for the chat; `permissions` and `more` are TOML put after the keys."""
    return (
        f'schema = 1\nid = "{plugin_id}"\nname = "{plugin_id.title()}"\nversion = "{version}"\n'
        f'description = "The {plugin_id} plugin"\nisolation = "{isolation}"\n\n'
        f'[host]\nchat = ">=1.0 <2.0"\n\n{more}\n{permissions}\n'
    )


def plugin_source(
    plugin_id: str,
    version: str = "1.0.0",
    *,
    code: str = "from jackfield import Plugin\n\n\nclass Main(Plugin):\n    pass\n",
    manifest: str | None = None,
    permissions: str = "",
    more: str = "",
    isolation: str = "any",
    changelog: str = "",
    group: str = "chat.plugins",
    requires: list[str] | None = None,
    tag: str = "py3-none-any",
    requires_python: str = "",
) -> WheelSource:
    """A plugin `chat-<id>` whose class `Main` lies in the package `chat_<id>`.

    Pass `manifest` for a plugin.toml of your own; else one is made from `permissions`, `more` and `isolation`.
    """
    package = "chat_" + plugin_id.replace("-", "_").replace(".", "_")
    text = manifest
    if text is None:
        text = manifest_text(plugin_id, version, isolation=isolation, permissions=permissions, more=more)
    files: dict[str, str | bytes] = {f"{package}/__init__.py": code, f"{package}/plugin.toml": text}
    if changelog:
        files[f"{package}/CHANGELOG.md"] = changelog
    return WheelSource(
        name=f"chat-{plugin_id}".replace("_", "-").replace(".", "-"),
        version=version,
        files=files,
        requires=requires or [],
        entry_points={group: {plugin_id: f"{package}:Main"}},
        tag=tag,
        requires_python=requires_python,
    )


def build_plugin(folder: Path, plugin_id: str, version: str = "1.0.0", **options: object) -> Path:
    """Build `plugin_source(plugin_id, version, **options)` into `folder`; returns the wheel's path."""
    return plugin_source(plugin_id, version, **options).build(folder)  # type: ignore[arg-type]  # passed through


def unpack(source: WheelSource, folder: Path) -> None:
    """Put a wheel's files into a folder of a path, as an installer does."""
    for name, data in source.members().items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    rows = "".join(f"{name},,\n" for name in source.members())
    (folder / f"{source.stem}.dist-info" / "RECORD").write_text(rows)
