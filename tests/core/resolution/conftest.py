"""An index in memory, behind the interface that the marketplaces implement."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest
from jackfield.errors import MarketError
from jackfield.manifest import File, Manifest, Version, canonical_id, read_manifest
from jackfield.resolution import Installed, Offer, Solution, Target, Want, resolve
from packaging.utils import canonicalize_name


@dataclass
class IndexInMemory:
    """Distributions, with the calls that were made."""

    files: dict[str, list[File]] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    source: str = "https://plugins.example"

    def library(
        self,
        name: str,
        version: str = "1.0",
        *,
        requires: tuple[str, ...] = (),
        tag: str = "py3-none-any",
        python: str | None = None,
        yanked: str | bool | None = None,
        manifest: str | None = None,
        extras: tuple[str, ...] = (),
    ) -> None:
        filename = f"{name.replace('-', '_')}-{version}-{tag}.whl"
        sha256 = hashlib.sha256(filename.encode()).hexdigest()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(
            [*(f"Requires-Dist: {line}\n" for line in requires), *(f"Provides-Extra: {one}\n" for one in extras)]
        )
        self.texts[sha256] = metadata.encode()
        if manifest is not None:
            self.manifests[sha256] = manifest
        file = File(
            filename,
            f"{self.source}/files/{filename}",
            sha256,
            1000,
            python,
            yanked,
            "0" * 64,
            "0" * 64 if manifest is not None else None,
        )
        self.files.setdefault(canonicalize_name(name), []).append(file)

    def plugin(
        self,
        plugin: str,
        version: str = "1.0.0",
        *,
        needs: dict[str, str] | None = None,
        host: str | None = ">=1.0 <2.0",
        app: str = "chat",
        distribution: str | None = None,
        isolation: str = "any",
        tested: str | None = None,
        **options,
    ) -> None:
        lines = ["schema = 1", f'id = "{plugin}"', f'version = "{Version.from_pep440(version)}"']
        lines.append(f'isolation = "{isolation}"')
        if host is not None:
            lines += ["[host]", f'{app} = "{host}"']
        if tested is not None:
            lines += ["[tested]", f'{app} = "{tested}"']
        lines += ["[requires]", *(f'"{name}" = "{limit}"' for name, limit in (needs or {}).items())]
        name = distribution or f"chat-{plugin}"
        self.plugins[canonical_id(plugin)] = name
        self.library(name, version, manifest="\n".join(lines), **options)

    async def offer(self, distribution: str) -> Offer | None:
        self.calls.append(f"offer {distribution}")
        files = self.files.get(distribution)
        return Offer(self.source, tuple(files)) if files else None

    async def metadata(self, offer: Offer, file: File) -> bytes:
        self.calls.append(f"metadata {file.filename}")
        if file.sha256 not in self.texts:
            raise MarketError(f"{file.filename} has metadata that nobody can read")
        return self.texts[file.sha256]

    async def manifest(self, offer: Offer, file: File) -> Manifest | None:
        text = self.manifests.get(file.sha256)
        if text == "broken":
            raise MarketError(f"{file.filename} has a manifest that nobody can read")
        return read_manifest(text, source="plugin.toml") if text is not None else None

    async def distribution(self, plugin: str) -> str | None:
        self.calls.append(f"plugin {plugin}")
        return self.plugins.get(plugin)


PUBLISHED = ("jackfield", "pluggy", "msgspec", "jackfield-chat-api")


def by_place(values):
    """What is said of distributions that all share, or of `plugin's distribution/library`."""
    found = {}
    for name, value in (values or {}).items():
        within, _, library = name.rpartition("/")
        found[within, library] = value
    return found


def in_a_process_of_its_own(manifest: Manifest) -> bool:
    return manifest.isolation == "worker"


@pytest.fixture
def index() -> IndexInMemory:
    return IndexInMemory()


@pytest.fixture
def solve(index):
    """Solves for plugin ids or wants in the chat, API 1.0.0."""

    async def run(
        *wants: str | Want, installed: dict[str, Installed] | None = None, prefer=None, **options
    ) -> Solution:
        target = Target.current(
            app="chat",
            api_version=Version.parse("1.0.0"),
            installed=installed or {},
            published=[name for name in installed or () if name in PUBLISHED],
        )
        asked = [want if isinstance(want, Want) else Want(f"chat-{want}", want) for want in wants]
        options.setdefault("own_libraries", in_a_process_of_its_own)
        if "held" in options:
            options["held"] = by_place(options["held"])
        return await resolve(asked, catalog=index, target=target, prefer=by_place(prefer), **options)

    return run
