"""One command for each use of a facet; it answers with what came of it. The same source for every isolation."""

from chat_probe.among import Among
from chat_probe.beside import Beside
from chat_probe.kept import Keeping
from chat_probe.reached import Reaching
from chat_probe.running import Running
from chat_probe.shown import Showing


class Probe(Keeping, Reaching, Among, Showing, Running, Beside):
    async def on_enable(self) -> None:
        self.heard = []
