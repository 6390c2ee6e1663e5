"""The second half of the story: what breaks, is revoked, has no network or loses its environment, and comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jackfield.sandbox import Grade, grade_of, probe

from tests.demo.elsewhere import Elsewhere
from tests.demo.story import PASSWORD, Story
from tests.demo.telling import Telling, expect
from tests.demo.wheels import build_wheels, poll_three_source, version_of
from tests.support.chat_client import Member
from tests.support.processes import Server, wait_for


class Trouble(Story):
    """The whole story; arguments as `Story`."""

    def __init__(self, folder: Path, telling: Telling) -> None:
        super().__init__(folder, telling)
        self.elsewhere = Elsewhere(folder / "elsewhere")

    def tell(self) -> None:
        """Play every step, in order."""
        super().tell()
        self.break_it()
        self.revoke_one()
        self.take_it_elsewhere()
        self.lose_the_environment()

    def servers(self) -> dict[str, Server | None]:
        """By name, the last to be started first."""
        return {"chat elsewhere": self.elsewhere.chat, **super().servers()}

    def break_it(self) -> None:
        """Poll 3 does not start: the chat goes back by itself, and says why."""
        with self.telling.step("poll 3.0.0 is published, and does not start: the chat goes back by itself") as step:
            (built,) = build_wheels(self.folder / "wheels-3", [poll_three_source(self.folder)])
            self.upload([built.path])
            tried = self.jackfield("update", "poll", "--yes", "--accept-permissions", status=1)
            expect("KeyError" in tried.both, "the reason is not told")
            expect(self.installed() == {"poll": version_of("poll")}, f"installed is {self.installed()}")
            step.detail = next(line for line in tried.both.splitlines() if "failed" in line).removeprefix("note: ")
        with self.telling.step("the poll before goes on, and 3.0.0 is held back"):
            listed = self.jackfield("list").out
            expect(
                f"poll 3.0.0 was rolled back to {version_of('poll')} by itself" in listed, "the list does not say it"
            )
            bea, carl = self.members
            bea.say("!poll Now or later? | now | later")
            carl.hears("bea asks: Now or later?")
            expect("held back" in self.jackfield("update", "--check").both, "it is offered again")

    def revoke_one(self) -> None:
        """The marketplace revokes dice: the running chat stops it, and says why."""
        bea = self.members[0]
        with self.telling.step("dice is installed too, and rolls"):
            confines = grade_of(probe()) is not Grade.PROCESS
            self.jackfield("install", "dice", "--yes", "--accept-permissions", status=0 if confines else 1)
            if not confines:
                self.jackfield("isolation", "dice", "inline", "--accept-permissions")
            bea.say("!roll 1d6")
            bea.hears("bea rolled ")
        with self.telling.step("the marketplace revokes it, and the running chat stops it at once") as step:
            words = ("--severity", "critical", "--reason", "It is loaded.", "--data", str(self.market_data))
            self.run("jackfield-marketplace", "revoke", "dice", *words)
            self.jackfield("update", "--check")
            row = wait_for(lambda: self.stopped("dice"), what="dice is stopped")
            expect("It is loaded" in row["problem"], f"the reason is not told: {row['problem']}")
            step.detail = f"{row['state']}, {row['problem']}"
        with self.telling.step("it is refused from now on, and removed"):
            self.jackfield("remove", "dice", "--yes")
            refused = self.jackfield("install", "dice", "--yes", "--accept-permissions", status=1)
            expect("It is loaded" in refused.both, "the reason is not told")

    def stopped(self, plugin: str) -> Any:
        """The row of a plugin that does not run, None while it does."""
        rows = json.loads(self.jackfield("list", "--json").out)["plugins"]
        return next((row for row in rows if row["id"] == plugin and row["state"] == "blocked"), None)

    def take_it_elsewhere(self) -> None:
        """The set in one file; another machine installs it where there is no network."""
        bundle = self.folder / "plugins.bundle"
        with self.telling.step("jackfield bundle writes the set into one file") as step:
            step.detail = self.jackfield("bundle", str(bundle)).out.strip().replace(f"{self.folder}/", "")
        with self.telling.step("the marketplace is gone; another machine installs from the bundle"):
            assert self.market is not None
            self.elsewhere.marketplace = self.market.address
            self.market.stop()
            self.elsewhere.make_environment()
            refused = self.elsewhere.jackfield("sync", str(bundle), "--yes", status=3)
            expect("send messages" in refused, "what it wants is not said in words")
            self.elsewhere.jackfield("sync", str(bundle), "--yes", "--accept-permissions")
            self._expect_elsewhere()
        with self.telling.step("its chat asks a poll"):
            self.members.append(Member(self.elsewhere.open_the_chat(), "dora", PASSWORD, sign_up=True))
            dora = self.members[-1]
            dora.say("!poll Sun or rain? | sun | rain")
            dora.boxes(lambda boxes: "Sun or rain?" in boxes)
            dora.say("!vote 1")
            self.shows_votes(1, 0, dora)

    def lose_the_environment(self) -> None:
        """The virtual environment is deleted; made anew, it has its plugins, and they have what they kept."""
        with self.telling.step("its virtual environment is deleted and made anew: the plugins are there"):
            self.members.pop().close()
            self.elsewhere.close_the_chat()
            self.elsewhere.delete_environment()
            self.elsewhere.make_environment()
            self._expect_elsewhere()
            expect("Everything fits this Python already." in self.elsewhere.jackfield("sync"), "something is missing")
        with self.telling.step("and the poll goes on where it was"):
            self.members.append(Member(self.elsewhere.open_the_chat(), "dora", PASSWORD))
            dora = self.members[-1]
            dora.say("!vote 2")
            self.shows_votes(0, 1, dora)

    def _expect_elsewhere(self) -> None:
        found = self.elsewhere.installed()
        wanted = {"poll": version_of("poll")}
        expect({plugin: version for plugin, (version, _) in found.items()} == wanted, f"installed is {found}")
