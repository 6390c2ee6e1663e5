"""A small game server: prints lines as the vanilla one does, takes commands on its input, and does what tests tell it.

    python game_server.py [vanilla | plain]

Beside the commands of a game there are those of a test: `#join NAME`, `#leave NAME`, `#chat NAME TEXT`, `#crash CODE`,
`#hang` (it takes no `stop` any more), `#raw TEXT`.
"""

from __future__ import annotations

import json
import sys
import time

FORM = sys.argv[1] if len(sys.argv) > 1 else "vanilla"
POSITION = "[1.5d, 64.0d, -20.25d]"


def out(text: str, level: str = "INFO") -> None:
    stamp = time.strftime("%H:%M:%S")
    print(f"[{stamp}] [Server thread/{level}]: {text}" if FORM == "vanilla" else text, flush=True)


def plain(component: object) -> str:
    """The letters of a text component."""
    if isinstance(component, list):
        return "".join(map(plain, component))
    if isinstance(component, dict):
        inner = "".join(map(plain, component.get("extra", [])))
        return str(component.get("text", component.get("translate", ""))) + inner
    return str(component)


def said(word: str, rest: str, players: list[str]) -> str:
    """What the server writes after a command of the game or of a test."""
    name, _, text = rest.partition(" ")
    if word == "#join":
        players.append(rest)
        vanilla = f"{rest}[/127.0.0.1:50000] logged in with entity id 7 at (1.5, 64.0, -20.25)"
        return vanilla if FORM == "vanilla" else f"{rest} joined"
    if word == "#leave":
        players.remove(rest)
        return f"{rest} left the game" if FORM == "vanilla" else f"{rest} left"
    answers = {
        "#chat": f"<{name}> {text}",
        "tell": f"to {name}: {text}",
        "say": f"to @a: {rest}",
        "list": f"There are {len(players)} of a max of 20 players online: {', '.join(players)}",
        "save-all": "Saved the game",
        "time": "The time is 7",
    }
    if word == "tellraw":
        return f"to {name}: {plain(json.loads(text))}"
    if word == "data":
        return f"{rest.split()[2]} has the following entity data: {POSITION}"
    return answers.get(word, f"did: {word} {rest}".rstrip())


def main() -> int:
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # it is a text file
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # it is a text file
    players: list[str] = []
    hanging = False
    out("Starting minecraft server version 1.20.4")
    out('Done (0.321s)! For help, type "help"' if FORM == "vanilla" else "ready")
    for line in sys.stdin:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "stop" and not hanging:
            out("Stopping the server")
            return 0
        if word == "#crash":
            return int(rest or 1)
        if word == "#hang":
            hanging = True
        elif word == "#raw":
            print(rest, flush=True)
        else:
            out(said(word, rest, players))
    return 0


if __name__ == "__main__":
    sys.exit(main())
