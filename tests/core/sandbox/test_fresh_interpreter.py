"""A fresh interpreter with the standard library and msgspec, as a worker is: everyday Python runs in every grade."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")

PROGRAM = """
import os, sys
from jackfield.sandbox import Grade, Policy, confine, install_shims, probe

data, grade, abi = sys.argv[1:]
os.environ.update(HOME=data, TMPDIR=data)
read = ("/usr", "/lib", "/lib64", "/dev/urandom", sys.base_prefix, sys.prefix, *(one for one in sys.path if one))
machine = probe()
confine(Policy(read=read, write=(data, "/dev/null"), grade=Grade(grade), landlock_abi_most=int(abi)), machine)
install_shims()

import asyncio, concurrent.futures, decimal, hashlib, logging, platform, random, shutil, sqlite3, ssl, tempfile, uuid
import msgspec

async def main():
    reader, writer = os.pipe()
    os.write(writer, b"x")
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(reader, ready.set)
    await asyncio.wait_for(ready.wait(), 20)
    asyncio.get_running_loop().remove_reader(reader)
    return await asyncio.to_thread(sum, [1, 2])

assert asyncio.run(main()) == 3
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(abs, range(-50, 0))) == 1275
with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
    file.write(b"x")
    os.makedirs(f"{folder}/a/b")
    open(f"{folder}/a/b/c", "w").close()
    shutil.copytree(f"{folder}/a", f"{folder}/d")
    shutil.move(f"{folder}/d", f"{folder}/a/e")
for journal in ("wal", "delete"):
    database = sqlite3.connect(f"{data}/{journal}.sqlite")
    database.execute(f"pragma journal_mode = {journal}")
    database.execute("create table words (word)")
    database.commit()
    database.close()
assert msgspec.msgpack.decode(msgspec.msgpack.encode({"a": 1})) == {"a": 1}
ssl.create_default_context()
uuid.uuid4(), random.random(), platform.platform(), os.cpu_count(), sys.stdout.isatty(), shutil.disk_usage(data)
print("worked")
"""


@pytest.mark.parametrize(("grade", "abi"), [("base", 7), ("base", 3), ("base", 0), ("full", 7)])
def test_everyday_python_runs(grade, abi):
    with tempfile.TemporaryDirectory(prefix="confined-") as name:
        data = Path(name, "data")
        data.mkdir()
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(data), grade, str(abi)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (run.stdout, run.stderr) == ("worked\n", "")
