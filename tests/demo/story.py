"""The story of `make demo`: publish plugins, find and install one, use it, update it with consent, roll it back."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.sandbox import Grade, grade_of, probe

from tests.demo.children import confined_child
from tests.demo.telling import Telling, expect
from tests.demo.wheels import build_wheels, poll_two_source, version_of
from tests.support.chat_client import Member
from tests.support.processes import Server, clean_environment, script

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: its exit status, its output, its errors."""

    command: str
    status: int
    out: str
    err: str

    @property
    def both(self) -> str:
        """All that it printed."""
        return self.out + self.err


class Story:
    """The parts of the story and the folder that it plays in.

    Args:
        folder: an empty folder; everything lands in it.
        telling: where the steps are told.
    """

    def __init__(self, folder: Path, telling: Telling) -> None:
        self.folder = folder
        self.telling = telling
        self.market_data = folder / "marketplace"
        self.chat_data = folder / "chat"
        self.market: Server | None = None
        self.chat: Server | None = None
        self.members: list[Member] = []
        self.ran: list[Ran] = []
        self.token = ""

    def tell(self) -> None:
        """Play every step, in order."""
        self.open_the_marketplace()
        self.publish_contrib()
        self.open_the_chat()
        self.find_and_install()
        self.use_the_poll()
        self.publish_the_second()
        self.check_for_updates()
        self.update_needs_consent()
        self.update_with_consent()
        self.roll_back()

    def end(self) -> None:
        """End whatever was started."""
        for member in self.members:
            member.close()
        for server in self.servers().values():
            if server is not None:
                server.stop()

    def servers(self) -> dict[str, Server | None]:
        """By name, the last to be started first."""
        return {"chat": self.chat, "marketplace": self.market}

    def records(self) -> str:
        """What the last command and the servers printed, to find what went wrong."""
        parts = [f"$ {ran.command}  (status {ran.status})\n{ran.both}" for ran in self.ran[-1:]]
        for name, server in self.servers().items():
            if server is not None:
                parts.append(f"--- {name}\n{server.output}")
        return "\n".join(parts)

    # The steps

    def open_the_marketplace(self) -> None:
        """A marketplace on a free port, with a publisher and her token."""
        with self.telling.step("a marketplace is up") as step:
            self.market = Server(
                [script("jackfield-marketplace"), "serve", "--data", str(self.market_data), "--port", "0"]
            )
            step.detail = self.market.start().address
        with self.telling.step("a publisher has a token"):
            self.run("jackfield-marketplace", "user", "add", "ann", "--data", str(self.market_data))
            made = self.run(
                "jackfield-marketplace", "token", "create", "--user", "ann", "--data", str(self.market_data)
            )
            self.token = made.out.strip()
            expect(re.fullmatch(r"\S{20,}", self.token), f"the command prints the token alone, not {made.out!r}")

    def publish_contrib(self) -> None:
        """The contrib plugins, built and uploaded as anyone does it."""
        with self.telling.step("the contrib plugins are built and published with twine") as step:
            wheels = [built.path for built in build_wheels(self.folder / "wheels")]
            self.upload(wheels)
            step.detail = ", ".join(path.name.partition("-py3")[0] for path in wheels)

    def open_the_chat(self) -> None:
        """The chat, told of the marketplace; two people sign up and see each other."""
        with self.telling.step("the chat is up") as step:
            self.chat = Server(
                [script("jackfield-chat"), "serve", "--data", str(self.chat_data), "--port", "0"],
                environment=self.environment(),
            )
            step.detail = self.chat.start().address
        with self.telling.step("two people talk over its WebSocket"):
            for name in ("bea", "carl"):
                self.members.append(Member(self.chat.address, name, PASSWORD, sign_up=True))
            bea, carl = self.members
            bea.say("good morning")
            carl.hears("good morning")

    def find_and_install(self) -> None:
        """Search and install on the command line; the running chat takes the plugin up."""
        with self.telling.step("jackfield search poll finds it"):
            found = self.jackfield("search", "poll")
            expect(re.search(r"^poll\s.*Ask the room", found.out, re.MULTILINE), "poll is not in the list")
        with self.telling.step("without a yes, jackfield install poll changes nothing"):
            refused = self.jackfield("install", "poll", "--yes", status=3)
            expect("send messages" in refused.both, "what it wants is not said in words")
            expect(self.installed() == {}, "something was installed")
        with self.telling.step("jackfield install poll, with its permissions accepted"):
            confines = grade_of(probe()) is not Grade.PROCESS
            self.jackfield("install", "poll", "--yes", "--accept-permissions", status=0 if confines else 1)
            expect(self.installed() == {"poll": version_of("poll")}, f"installed is {self.installed()}")
        if not confines:
            with self.telling.step("this machine confines too little, so poll is let into the chat itself") as step:
                step.detail = self.jackfield("isolation", "poll", "inline", "--accept-permissions").out.splitlines()[-1]
            return
        with self.telling.step("it runs in a confined process of its own") as step:
            (row,) = json.loads(self.jackfield("list", "--json").out)["plugins"]
            expect(row["isolation"] == "worker", f"it runs {row['isolation']}")
            assert self.chat is not None
            step.detail = f"{row['isolation']} ({row['grade']}), process {confined_child(self.chat.pid)}"

    def use_the_poll(self) -> None:
        """The running chat has it: a poll is asked, voted on by command and by button, and shown at the side."""
        bea, carl = self.members
        with self.telling.step("the running chat has the poll, without a restart"):
            bea.boxes(lambda boxes: "No poll is running" in boxes)
            bea.say("!poll Tea or coffee? | tea | coffee")
            carl.hears("bea asks: Tea or coffee?")
        with self.telling.step("two people vote, one by command, one by button"):
            bea.say("!vote 1")
            carl.act(self.component(carl), "vote", {"number": 2})
            self.shows_votes(1, 1)

    def publish_the_second(self) -> None:
        """Poll 2 asks to read member names too."""
        with self.telling.step("poll 2.0.0 is published; it asks for one permission more"):
            (built,) = build_wheels(self.folder / "wheels-2", [poll_two_source(self.folder)])
            self.upload([built.path])

    def check_for_updates(self) -> None:
        """The check shows version, changelog and growth, and changes nothing."""
        with self.telling.step("jackfield update --check shows it, with changelog and the new permission"):
            check = self.jackfield("update", "--check")
            expect(
                re.search(rf"poll\s+{re.escape(version_of('poll'))} → 2\.0\.0", check.out), "the versions are not shown"
            )
            expect("read member names" in check.out, "the new permission is not shown")
            expect("to show who voted" in check.out, "the author's reason is not shown")
            expect("The sidebar shows who voted" in check.out, "the changelog is not shown")
            expect(self.installed() == {"poll": version_of("poll")}, "the check changed something")

    def update_needs_consent(self) -> None:
        """`--yes` is not consent to more permissions."""
        with self.telling.step("jackfield update --yes is refused: growth needs consent of its own"):
            refused = self.jackfield("update", "--yes", status=3)
            expect("read member names" in refused.both, "it does not say what consent is missing")
            expect(self.installed() == {"poll": version_of("poll")}, "it was updated all the same")

    def update_with_consent(self) -> None:
        """With consent the running chat has the second version, and the votes."""
        with self.telling.step("with --accept-permissions it is updated, and the running chat shows who voted"):
            self.jackfield("update", "--yes", "--accept-permissions")
            expect(self.installed() == {"poll": "2.0.0"}, f"installed is {self.installed()}")
            self.members[0].boxes(lambda boxes: "Voted: bea, carl." in boxes)
            self.shows_votes(1, 1)

    def roll_back(self) -> None:
        """One command brings the first version back, with its data and without the permission."""
        with self.telling.step("jackfield rollback: the first version is back, and its data"):
            self.jackfield("rollback", "--yes")
            expect(self.installed() == {"poll": version_of("poll")}, f"installed is {self.installed()}")
            self.members[0].boxes(lambda boxes: "Tea or coffee?" in boxes and "Voted:" not in boxes)
            self.shows_votes(1, 1)
        with self.telling.step("the permission went with it"):
            shown = self.jackfield("permissions", "poll")
            expect("send messages" in shown.out, "its own permissions are gone")
            expect("read member names" not in shown.out, "members:read is still granted")
        with self.telling.step("and the poll goes on"):
            bea, carl = self.members
            carl.say("!vote 1")
            self.shows_votes(2, 0)
            bea.say("!poll close")
            carl.hears("result: Tea or coffee? tea: 2, coffee: 0")

    # What they are made of

    def environment(self) -> dict[str, str]:
        """The command line works on the chat's own set of plugins, with our marketplace."""
        assert self.market is not None
        return clean_environment(
            JACKFIELD_HOME=str(self.chat_data / "plugins"),
            JACKFIELD_MARKETPLACE=self.market.address,
            COLUMNS="200",
        )

    def jackfield(self, *words: str, status: int = 0) -> Ran:
        """Run the `jackfield` command."""
        return self.run("jackfield", *words, status=status, environment=self.environment())

    def run(self, program: str, *words: str, status: int = 0, environment: dict[str, str] | None = None) -> Ran:
        """Run a console script and hold it to its exit status."""
        done = subprocess.run(
            [script(program), *words],
            env=environment or clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        shown = " ".join([program, *words]).replace(self.token or "\0", "TOKEN")
        ran = Ran(shown, done.returncode, done.stdout, done.stderr)
        self.ran.append(ran)
        expect("Traceback" not in ran.both, f"{shown} ended in a traceback")
        expect(ran.status == status, f"{shown} ended with {ran.status}, not {status}: {ran.both.strip()[-300:]}")
        return ran

    def upload(self, wheels: Sequence[Path]) -> None:
        """Publish as anyone does it."""
        assert self.market is not None
        names = [str(path) for path in wheels]
        options = ("--non-interactive", "--disable-progress-bar", "--config-file", "/dev/null")
        login = ("-u", "__token__", "-p", self.token, "--repository-url", f"{self.market.address}/legacy/")
        self.run("twine", "upload", *options, *login, *names)

    def installed(self) -> dict[str, str]:
        """Id and version of every installed plugin, as the command line tells it to programs."""
        told: Any = json.loads(self.jackfield("list", "--json").out)
        return {row["id"]: row["version"] for row in told["plugins"]}

    def component(self, member: Member) -> str:
        """The full name of the poll's component."""
        boxes = json.loads(member.boxes(lambda boxes: "Tea or coffee?" in boxes))
        return str(next(box["id"] for box in boxes if "Tea or coffee?" in json.dumps(box)))

    def shows_votes(self, first: int, second: int, member: Member | None = None) -> None:
        """Wait until the sidebar of a member, the first by default, shows these votes."""
        wanted = re.compile(rf"\[{first}(\.0)?, {second}(\.0)?\]")
        (member or self.members[0]).boxes(lambda boxes: wanted.search(boxes) is not None)
