"""The attacks made by real workers: forked by a zygote, confined as their specs say, with the attacks as their code."""

from __future__ import annotations

import asyncio
import encodings.idna  # noqa: F401 (what looks names up loads it, and an ordinary user may not reach root's Python)
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jackfield.isolation import Child, WorkerLimits, WorkerSpec, Zygote
from jackfield.rpc import DescriptorSender

from tests.scenarios.attacks.catalogue import ATTACKS, COLUMNS
from tests.scenarios.attacks.scene import SECRET, Scene, staged
from tests.scenarios.attacks.trial import MEBIBYTE, USERS
from tests.support.confined import TIMED_OUT, Outcome, in_child
from tests.support.workers import running, spec_in, tell, usable_interpreter

HERE = Path(__file__).parent
GROUPS = ("files", "host", "kernel", "network", "processes", "resources")
INHERITED = 700
"""A descriptor of the host that a program it starts would inherit, and that no worker has."""

ATTACK_SECONDS = 30.0
ALL_SECONDS = 600.0


@functools.cache
def tried_by_workers(column: str, user: str) -> dict[str, Outcome]:
    """Make every attack, each by a worker of its own, as this user; return what came of each by its name."""
    made = in_child(lambda: asyncio.run(_all(column)), uid=USERS[user], timeout_seconds=ALL_SECONDS)
    assert made.refused is None, made
    return {name: Outcome(**told) for name, told in made.value.items()}


async def _all(column: str) -> dict[str, Any]:
    grade, abi = COLUMNS[column]
    outcomes = {}
    with _tree() as tree:
        (tree / "secret.txt").write_bytes(SECRET)
        with (tree / "secret.txt").open("rb") as secret:
            os.dup2(secret.fileno(), INHERITED)
        (tree / "secret.txt").unlink()
        executable = usable_interpreter()
        packaged = _packaged(executable or sys.executable)
        async with running(executable=executable) as zygote:
            for name in ATTACKS:
                with staged(None) as scene:
                    spec = _spec(scene, tree)
                    met = replace(scene, packaged=packaged)
                    told = await _one(zygote, name, met, replace(spec, grade=grade, landlock_abi_most=abi))
                told.pop("value", None)
                outcomes[name] = told
    return outcomes


def _packaged(executable: str) -> Path:
    """A package of the Python that the zygote runs in, and not of a virtual environment of it: most have some."""
    code = "import os; print(os.path.dirname(os.__file__))"
    found = subprocess.run([executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    library = Path(found.stdout.strip())
    places = (library / "site-packages", library.with_name("python3") / "dist-packages")
    return next(one for place in places for one in sorted(place.glob("*/__init__.py")))


def _spec(scene: Scene, tree: Path) -> WorkerSpec:
    limits = WorkerLimits(data_bytes=16 * MEBIBYTE, descriptors=64, threads=64)
    code = (str(scene.code), str(tree))
    return spec_in(scene.data.parent / "own", paths=code, data_dir=str(scene.data), limits=limits)


async def _one(zygote: Zygote, name: str, scene: Scene, spec: WorkerSpec) -> dict[str, Any]:
    child = await zygote.fork(spec)
    try:
        return await _attacked(child, name, scene)
    except EOFError:
        how = await child.wait()
        return {"refused": str(how).removeprefix("was killed by ")}
    except TimeoutError:
        return {"refused": TIMED_OUT}
    finally:
        child.close()


async def _attacked(child: Child, name: str, scene: Scene) -> dict[str, Any]:
    sender = DescriptorSender(child.files, peer=name)
    handed_over = {"brokered": sender.send(scene.brokered), "granted": sender.send(scene.granted)}
    fields = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(scene).items()}
    paths = [key for key, value in asdict(scene).items() if isinstance(value, Path)]
    source = f"""
import pathlib
{"".join(f"import tests.scenarios.attacks.{group}{chr(10)}" for group in GROUPS)}
from jackfield.rpc import DescriptorReceiver
from tests.scenarios.attacks.catalogue import ATTACKS
from tests.scenarios.attacks.scene import Scene
from tests.support.confined import attempted
fields = {fields!r}
fields |= {{key: pathlib.Path(fields[key]) for key in {paths!r}}}
receiver = DescriptorReceiver(files)
fields |= {{"inherited": {INHERITED}, **{{key: receiver.receive(number) for key, number in {handed_over!r}.items()}}}}
told = attempted(lambda: ATTACKS[{name!r}].function(Scene(**fields)))
"""
    async with asyncio.timeout(ATTACK_SECONDS):
        told: dict[str, Any] = await tell(child, source)
    return told


@contextmanager
def _tree() -> Iterator[Path]:
    """What a worker imports to attack, and nothing else of the tests."""
    with tempfile.TemporaryDirectory(prefix="attacks-") as name:
        tree = Path(name)
        attacks, support = tree / "tests/scenarios/attacks", tree / "tests/support"
        for folder in (attacks, support):
            folder.mkdir(parents=True)
        for module in (*GROUPS, "catalogue", "scene"):
            shutil.copy(HERE / f"{module}.py", attacks)
        shutil.copy(HERE.parents[1] / "support" / "confined.py", support)
        yield tree
