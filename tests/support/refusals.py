"""Calls over a link that are refused, as a hostile plugin makes them."""

from __future__ import annotations

from typing import Any

import pytest
from jackfield.errors import JackfieldError
from jackfield.isolation import Line


async def refused(line: Line, method: str, arguments: dict[str, Any], match: str | None = None) -> str:
    """Call a method and return why it is refused; the link has to live on.

    Args:
        line: to the host.
        method: what is called.
        arguments: by name.
        match: what the sentence has to say.
    """
    with pytest.raises((JackfieldError, TypeError, AttributeError, ValueError, OSError), match=match) as caught:
        await line.call(method, arguments)
    assert line.ended is None, "it is refused, and the link lives on"
    return str(caught.value)
