"""A manifest in which every key is set, and what is changed in it."""

import tomllib
from typing import Any

FULL = """
schema = 1
id = "weather"
name = "Weather"
version = "1.4.0-rc.1"
description = "Forecasts in the room"
authors = ["A. Author", "B. Author"]
link = "https://example.org/weather"
isolation = "any"
activation = "demand"
reload = "restart"
data_version = 2

[host]
chat = ">=1.0 <2.0"

[requires]
geocoder = "^1.2"
"chat-command" = "[1.0, 2.0)?"

[[permissions]]
resource = "messages"
actions = ["read", "send"]
reason = "answers !weather"

[[permissions]]
resource = "network"
actions = ["connect"]
hosts = ["api.example.org:443"]
reason = "fetches forecasts"

[limits]
memory = "30MiB"
call = 2

[contributes]
commands = [{ name = "weather", usage = "weather <place>", help = "Forecast for a place" }]
components = [{ name = "map", position = "sidebar", title = "Map" }]
menu = [{ id = "refresh", label = "Fetch again" }]
services = ["forecast"]
events = ["storm"]
hooks = ["message_received"]

[[contributes.settings]]
key = "unit"
type = "choice"
choices = ["celsius", "fahrenheit"]
default = "celsius"
label = "Unit"

[[contributes.settings]]
key = "days"
type = "integer"
minimum = 1
maximum = 10
default = 3

[x-build]
date = 2026-01-02
"""


def parsed(**changes: Any) -> dict[str, Any]:
    return {**tomllib.loads(FULL), **changes}
