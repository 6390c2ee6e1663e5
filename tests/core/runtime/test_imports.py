"""What a process loads that only runs one plugin."""

import json
import subprocess
import sys

CODE = """
import json, sys
before = set(sys.modules)
import jackfield.runtime
names = set(sys.modules) - before
own = {name for name in names if name.startswith("jackfield.")}
foreign = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
print(json.dumps([sorted({name.split(".")[1] for name in own}), sorted(foreign)]))
"""


def test_the_room_is_loaded_without_the_host_and_with_two_libraries_at_most():
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    rooms, foreign = map(set, json.loads(ran.stdout))
    assert rooms <= {"api", "errors", "hooks", "manifest", "permissions", "rpc", "runtime"}
    assert "runtime" in rooms
    # msgspec takes names from typing_extensions where some environment happens to have it
    assert foreign <= {"jackfield", "pluggy", "msgspec", "typing_extensions"}
