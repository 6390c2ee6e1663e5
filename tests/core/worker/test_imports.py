"""What a worker loads before its plugin's own code (design, 3)."""

import json
import subprocess
import sys

CODE = """
import json, sys
before = set(sys.modules)
import jackfield.worker.serving, jackfield.worker.context
names = set(sys.modules) - before
own = {name.split(".")[1] for name in names if name.startswith("jackfield.")}
foreign = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
print(json.dumps([sorted(own), sorted(foreign)]))
"""


def test_a_worker_loads_neither_the_host_nor_any_library_but_two():
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    rooms, foreign = map(set, json.loads(ran.stdout))
    assert not rooms & {"host", "management", "application", "cli", "store", "market", "storage", "discovery"}
    # msgspec takes names from typing_extensions where some environment happens to have it
    assert foreign <= {"jackfield", "pluggy", "msgspec", "typing_extensions"}
