"""A registry in which people can be named."""

from __future__ import annotations

import pytest
from jackfield.host import CommandRegistry

from tests.support.speakers import People, Person, run


@pytest.fixture
def registry() -> CommandRegistry:
    return CommandRegistry(run, prefix="!", sources={Person: People()})
