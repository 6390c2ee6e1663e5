"""What is written about the marketplace is what it does."""

import re
from pathlib import Path

import jackfield.inspection
from jackfield_marketplace.catalog import publish

ROOT = Path(__file__).parents[2]


def test_every_finding_is_documented():
    sources = [*Path(jackfield.inspection.__file__).parent.glob("*.py"), Path(publish.__code__.co_filename)]
    codes = set()
    for source in sources:
        codes |= set(re.findall(r'(?:Finding\(\s*|refuse\(|"code": )"([a-z]+(?:-[a-z]+)+)"', source.read_text()))
    page = (ROOT / "docs" / "reference" / "marketplace-api.md").read_text()
    assert len(codes) > 30
    assert sorted(code for code in codes if f"`{code}`" not in page) == []


def test_every_address_of_the_api_is_documented(market):
    page = (ROOT / "docs" / "reference" / "marketplace-api.md").read_text()
    for address in market.client.get("/openapi.json").json()["paths"]:
        assert address.replace("{plugin_id}", "{id}") in page


def test_every_command_is_documented():
    from jackfield_marketplace.cli import main

    how_to = ROOT / "docs" / "how-to"
    page = "".join((how_to / name).read_text() for name in ("run-a-marketplace.md", "keep-a-marketplaces-keys.md"))
    for name, command in main.commands.items():
        for sub in getattr(command, "commands", {None: None}):
            assert (f"{name} {sub}" if sub else name) in page
