"""The lock file of a generation (PEP 751): distributions, each with its hash; `[packages.tool.jackfield]` adds ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from jackfield.manifest import File, Pin

LOCK_VERSION = "1.0"
_KEPT_PACKAGES = 4096


def lock_text(pins: Iterable[Pin]) -> tuple[str, str]:
    """The lock file of some distributions, by name; and its packages as a JSON list.

    A change touches few of them, and TOML is written slowly: the text of each is made once.
    """
    import tomli_w

    head = tomli_w.dumps({"lock-version": LOCK_VERSION, "created-by": "jackfield"})
    texts = [_text(pin) for pin in sorted(pins, key=lambda pin: pin.distribution)]
    listed = ",".join(compiled for _, compiled in texts)
    return head + ("".join(f"\n{text}" for text, _ in texts) or "packages = []\n"), f"[{listed}]"


def package_of(pin: Pin) -> dict[str, Any]:
    """One entry of `packages` (PEP 751); never with credentials in an address."""
    file = pin.file
    wheel: dict[str, Any] = {"name": file.filename, "hashes": {"sha256": file.sha256}}
    address = urlsplit(file.url)
    if address.scheme in ("http", "https"):
        wheel["url"] = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))
    else:
        wheel["path"] = file.url
    if file.size is not None:
        wheel["size"] = file.size
    own: dict[str, Any] = {"source": pin.source, "id": pin.id, "requires": list(pin.requires)}
    own |= {"manifest_sha256": file.manifest_sha256, "upstream": file.upstream}
    package: dict[str, Any] = {"name": pin.distribution, "version": pin.version, "wheels": [wheel]}
    if file.requires_python:
        package["requires-python"] = file.requires_python
    package["tool"] = {"jackfield": {key: value for key, value in own.items() if value is not None}}
    return package


def pin_of(package: Mapping[str, Any]) -> Pin:
    """The distribution that an entry of `packages` names.

    Raises:
        KeyError, IndexError, TypeError: it is none of ours.
    """
    wheel = package["wheels"][0]
    own = package["tool"]["jackfield"]
    file = File(
        filename=wheel["name"],
        url=wheel.get("url") or wheel["path"],
        sha256=wheel["hashes"]["sha256"],
        size=wheel.get("size"),
        requires_python=package.get("requires-python"),
        manifest_sha256=own.get("manifest_sha256"),
        upstream=own.get("upstream"),
    )
    return Pin(
        distribution=package["name"],
        version=package["version"],
        file=file,
        id=own.get("id"),
        source=own["source"],
        requires=tuple(own["requires"]),
    )


@lru_cache(_KEPT_PACKAGES)
def _text(pin: Pin) -> tuple[str, str]:
    import tomli_w

    package = package_of(pin)
    return tomli_w.dumps({"packages": [package]}), json.dumps(package)
