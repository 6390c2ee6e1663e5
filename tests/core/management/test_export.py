"""What is exported, read by the tools that it is for: pip and uv install the very same files."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.management import as_pylock, as_requirements

from tests.core.management.story import installed
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("U11")]

UV = [script("uv"), "pip", "install", "--no-config", "--no-deps"]
PIP = [sys.executable, "-m", "pip", "--isolated", "install", "--no-deps", "--no-compile"]


@pytest.fixture
async def exported_set(market, manage, tmp_path):
    """A set with a library, with a plugin that needs what the application has, and with one that came as a file."""
    market.publish_library("exportlib", "1.0.0")
    market.publish_library("exportlib", "2.0.0")
    market.publish("exportone", requires=["exportlib<2", "jackfield-chat-api>=0"])
    management = manage(market.url)
    await installed(management, "exportone", str(build_plugin(tmp_path / "wheels", "exportfile")))
    return management.store.active()


@pytest.mark.parametrize("tool", ["pip", "uv"])
async def test_pip_and_uv_install_the_same_files_from_the_requirements(market, exported_set, tmp_path, tool):
    file, target = tmp_path / "requirements.txt", tmp_path / "target"
    text = as_requirements(exported_set)
    file.write_text(text)
    assert text.splitlines()[:2] == [
        "# pip install --no-deps --require-hashes -r FILE",
        f"# --index-url {market.url}/simple/",
    ]
    command = [*(PIP if tool == "pip" else UV), "--require-hashes", "--index-url", f"{market.url}/simple/"]
    await run([*command, "-r", str(file), "--target", str(target)])
    assert found_in(target) == {pin.distribution: pin.version for pin in exported_set.pins}


async def test_uv_installs_the_same_files_from_the_lock(exported_set, tmp_path):
    file, target = tmp_path / "pylock.toml", tmp_path / "target"
    file.write_text(as_pylock(exported_set))
    await run([*UV, "-r", str(file), "--target", str(target)])
    assert found_in(target) == {pin.distribution: pin.version for pin in exported_set.pins}


async def test_a_file_that_was_exchanged_is_refused_by_the_tool(market, exported_set, tmp_path):
    file = tmp_path / "requirements.txt"
    (sha256,) = (pin.file.sha256 for pin in exported_set.pins if pin.distribution == "exportlib")
    file.write_text(as_requirements(exported_set).replace(sha256, "0" * 64))
    command = [*PIP, "--index-url", f"{market.url}/simple/", "-r", str(file), "--target", str(tmp_path / "target")]
    with pytest.raises(AssertionError, match="DO NOT MATCH THE HASHES"):
        await run(command)


async def run(command: list[str]) -> None:
    def wait() -> None:
        done = subprocess.run(
            command, env=clean_environment(PIP_CONFIG_FILE="/dev/null"), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    await asyncio.to_thread(wait)


def found_in(target: Path) -> dict[str, str]:
    names = [path.name.removesuffix(".dist-info").split("-") for path in target.glob("*.dist-info")]
    return {name.replace("_", "-"): version for name, version in names}
