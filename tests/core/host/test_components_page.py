"""docs/reference/components.md: its example is a plugin that runs, and its tables name everything that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from jackfield.api import Chart, Component, Field, List, Progress
from jackfield.errors import WrongValues

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "components.md").read_text()
PERMISSIONS = """
[[permissions]]
resource = "storage"
actions = ["read", "write"]
[[permissions]]
resource = "ui"
actions = ["component", "menu"]
"""


@pytest.mark.feature("C18", "C19")
async def test_the_example_runs(profile, build, running):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    profile.install(build("kitchen", code=f"{block}\n\nMain = Kitchen\n", permissions=PERMISSIONS, isolation="inline"))
    profile.enable("kitchen")
    host = await running()
    (drawn,) = await host.ui.components("sidebar")
    assert (drawn.title, drawn.error) == ("Kitchen", "")
    with pytest.raises(WrongValues, match="the kitchen has ten"):
        await host.ui.act(drawn.id, "order", {"dish": "soup", "plates": "11"}, "ann")
    await host.ui.act(drawn.id, "order", {"dish": "soup", "plates": "3"}, "ann")
    shown = (await host.ui.draw(drawn.id)).component
    assert isinstance(shown, List)
    assert shown.items[1:3] == (Chart(("soup",), (3,), unit="plates"), Progress(3, 100, "Eaten today"))
    await host.ui.choose("kitchen:clear", "ann")
    shown = (await host.ui.draw(drawn.id)).component
    assert isinstance(shown, List)
    assert shown.items[1] == Chart((), (), unit="plates")
    assert host.plugins.status("kitchen").errors == 0


def test_every_component_and_type_of_field_is_on_the_page():
    assert re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE) == [
        *("Text", "Markdown", "Table", "List", "Button", "Form", "Chart", "Progress", "Image")
    ]
    assert {one.__name__ for one in get_args(Component)} == set(re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE))
    told = PAGE.partition("## Forms")[2].partition("## Menu")[0]
    kinds = get_args(get_type_hints(Field)["type"])
    assert [kind for kind in kinds if f"`{kind}`" not in told] == []
