"""What a page of the index costs the server, beside nginx and other indexes (performance.md, "Marketplace").

Every server holds the same projects and is asked for the pages of two thousand of them at random, each of which was
asked for before, over one connection that stays open where the server lets it. They take turns in short rounds; a ratio
is the median of the rounds' ratios. Counted is the processor time of the server and all its children, not how long the
answer took.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from statistics import median

from tests.benchmarks.peers.client import Client, page_request
from tests.benchmarks.peers.contents import build_wheels, fill_index, project_name
from tests.benchmarks.peers.environment import FOLDER, PeersMissing, peer_script, versions
from tests.benchmarks.peers.processes import START_SECONDS, cpu_seconds, peer_server
from tests.benchmarks.table import Row
from tests.support.processes import Server, clean_environment, free_port, script, wait_for

PROJECTS = (1_000, 10_000)
ASKED = 1_000  # different projects, the same number whatever there is
ROUNDS = 7
GOALS = {"simple-repository-server": 12.0, "devpi-server": 80.0, "pypiserver": 300.0}  # held at 10k projects
NGINX = "nginx, static file"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that is up.

    Args:
        name: in the table.
        pid: of its process.
        client: a connection to it.
        prefix: what comes before a project's name in the path.
        requests: how many it is asked in a round: slow ones fewer.
    """

    name: str
    pid: int
    client: Client
    prefix: str
    requests: int

    def cost(self, names: Sequence[str]) -> float:
        """Microseconds of processor time for a page, over the pages of these projects."""
        requests = [page_request(f"{self.prefix}{name}/") for name in names]
        before = cpu_seconds(self.pid)
        for request in requests:
            self.client.fetch(request)
        return (cpu_seconds(self.pid) - before) / len(requests) * 1e6


def measure() -> Iterable[Row]:
    """Measure each server at each number of projects."""
    for number in PROJECTS:
        with tempfile.TemporaryDirectory(prefix="jackfield-index-") as folder, ExitStack() as stack:
            setting = _Setting(Path(folder), number, stack)
            contenders = [*setting.contenders()]
            rounds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
            for turn in range(ROUNDS + 1):
                for contender in contenders:
                    cost = contender.cost(random.choices(setting.asked, k=contender.requests))
                    if turn:  # the first warms up
                        rounds[contender.name].append(cost)
        yield from _rows(number, rounds)
        yield Row(f"index of {number // 1000}k, CPU of a page of ours, asked for the first time", setting.cold, "µs")
        yield from setting.absent
    yield Row.at_most("index, a page of ours at 10k projects to one at 1k", _growth(), 1.1, "x")


def _growth() -> float:
    """What a page of ours costs at the most projects, as a multiple of what it costs at the fewest: both in turns."""
    with tempfile.TemporaryDirectory(prefix="jackfield-index-") as name, ExitStack() as stack:
        settings = [_Setting(Path(name) / str(number), number, stack) for number in PROJECTS]
        servers = [setting.ours() for setting in settings]
        # Whether a server shares a core with who asks makes twice the difference of what is looked for here.
        cores = sorted(os.sched_getaffinity(0))
        for ours in servers:
            os.sched_setaffinity(ours.pid, {cores[-1]})
        os.sched_setaffinity(0, {cores[0]})
        stack.callback(os.sched_setaffinity, 0, cores)
        turns = [
            [ours.cost(random.choices(one.asked, k=ours.requests)) for ours, one in zip(servers, settings, strict=True)]
            for _ in range(3 * ROUNDS + 1)
        ]
    return median(most / fewest for fewest, most in turns[1:])


def _rows(number: int, rounds: dict[str, list[float]]) -> Iterable[Row]:
    what = f"index of {number // 1000}k,"
    for name, costs in rounds.items():
        yield Row(f"{what} CPU of a page, {name}", median(costs), "µs")
    if NGINX in rounds:
        yield Row.at_most(f"{what} ours to nginx", _ratio(rounds[OURS], rounds[NGINX]), 4, "x")
    for name, goal in GOALS.items():
        if name in rounds:
            ratio, says = _ratio(rounds[name], rounds[OURS]), f"{what} {name} to ours"
            yield Row.at_least(says, ratio, goal, "x") if number == PROJECTS[-1] else Row(says, ratio, "x")


def _ratio(costs: list[float], others: list[float]) -> float:
    return median(one / other for one, other in zip(costs, others, strict=True))


class _Setting:
    """All servers over the same wheels, up for as long as the stack lasts.

    Attributes:
        asked: the projects whose pages are asked for.
        absent: a row for each peer that is not there.
        cold: microseconds of processor time for a page of ours that was never asked for.
    """

    def __init__(self, folder: Path, number: int, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._number = number
        self._kept = FOLDER / f"index-{number}-{versions()}"
        self._wheels = self._wheels_kept()
        self._names = [project_name(wheel) for wheel in self._wheels]
        self.asked = random.sample(self._names, min(ASKED, number))
        self.absent: list[Row] = []
        self.cold = 0.0

    def contenders(self) -> Iterator[Contender]:
        """Start them one by one."""
        ours = self.ours()
        yield ours
        for start, name in (
            (self._nginx, NGINX),
            (self._simple_repository, "simple-repository-server"),
            (self._devpi, "devpi-server"),
            (self._pypiserver, "pypiserver"),
        ):
            try:
                yield start(ours, name)
            except PeersMissing as error:
                self.absent.append(Row.missing(f"index of {self._number // 1000}k, {name}", str(error)))

    def _wheels_kept(self) -> list[Path]:
        """The wheels, built once and kept: ten thousand take longer than what is measured with them."""
        folder = self._kept / "wheels"
        if not folder.is_dir():
            draft = self._kept / "wheels-draft"
            shutil.rmtree(draft, ignore_errors=True)
            build_wheels(draft, self._number)
            draft.rename(folder)
        return sorted(folder.iterdir())

    def ours(self) -> Contender:
        """Start ours, and ask for each page once."""
        data = self._folder / "ours"
        fill_index(data, self._wheels)
        server = Server([script("jackfield-marketplace"), "serve", "--data", str(data), "--port", "0"])
        self._stack.enter_context(server)
        ours = self._contender(OURS, server.pid, int(server.address.rpartition(":")[2]), "/simple/", 300)
        self.cold = ours.cost(self.asked)
        return ours

    def _nginx(self, ours: Contender, name: str) -> Contender:
        """Documents like those that ours answers with, as files."""
        nginx = which("nginx") or which("nginx", path="/usr/sbin")
        if nginx is None:
            raise PeersMissing("not installed: apt-get install nginx")
        root, port, first = self._folder / "nginx", free_port(), self._names[0]
        document = ours.client.fetch(page_request(f"/simple/{first}/"))
        for project in self._names:
            page = root / "simple" / project
            page.mkdir(parents=True)
            (page / "index.json").write_bytes(document.replace(first.encode(), project.encode()))
        (root / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {root}/pid; error_log stderr;\nevents {{}}\n"
            f"http {{ access_log off; keepalive_requests 10000000; default_type application/vnd.pypi.simple.v1+json;\n"
            f"  server {{ listen 127.0.0.1:{port}; root {root}; index index.json; }} }}\n"
        )
        command = [nginx, "-p", str(root), "-c", "nginx.conf"]
        return self._peer(name, command, port, "/simple/", 1000)

    def _simple_repository(self, ours: Contender, name: str) -> Contender:
        projects, port = self._folder / "projects", free_port()
        for wheel in self._wheels:
            folder = projects / project_name(wheel)
            folder.mkdir(parents=True)
            (folder / wheel.name).symlink_to(wheel)
        command = [peer_script("simple-repository-server"), "--host", "127.0.0.1", "--port", str(port), str(projects)]
        return self._peer(name, command, port, "/simple/", 40)

    def _devpi(self, ours: Contender, name: str) -> Contender:
        folder, port = self._kept / "devpi", free_port()
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_devpi(folder, self._kept / "wheels")
            (folder / "ready").touch()
        command = devpi_command(folder, port)
        return self._peer(name, command, port, "/root/bench/+simple/", 10)

    def _pypiserver(self, ours: Contender, name: str) -> Contender:
        port = free_port()
        command = [peer_script("pypi-server"), "run", "--disable-fallback", "-i", "127.0.0.1", "-p", str(port)]
        return self._peer(name, [*command, str(self._kept / "wheels")], port, "/simple/", 2)

    def _peer(self, name: str, command: list[str], port: int, prefix: str, requests: int) -> Contender:
        pid = self._stack.enter_context(peer_server(command, port, f"{prefix}{self._names[0]}/"))
        return self._contender(name, pid, port, prefix, requests)

    def _contender(self, name: str, pid: int, port: int, prefix: str, requests: int) -> Contender:
        client = self._stack.enter_context(Client(port))
        contender = Contender(name, pid, client, prefix, requests)
        page = client.fetch(page_request(f"{prefix}{self._names[0]}/"))
        assert self._wheels[0].name.encode() in page, f"{name} does not list {self._wheels[0].name}: {page[:300]!r}"
        return contender


def make_devpi(folder: Path, wheels: Path) -> None:
    """Make a devpi whose index root/bench holds the wheels of a folder, and let it do all that it does once.

    Raises:
        PeersMissing: it cannot be installed here.
    """
    init = [peer_script("devpi-init"), "--serverdir", str(folder), "--no-root-pypi", "--root-passwd", "bench"]
    fill = [peer_script("python"), str(Path(__file__).parent / "peers/fill_devpi.py"), str(folder), str(wheels)]
    for command in (init, fill):
        subprocess.run(command, check=True, capture_output=True, env=clean_environment())
    port = free_port()
    with peer_server(devpi_command(folder, port), port, "/+status"), Client(port) as client:

        def settled() -> bool:
            status = json.loads(client.fetch(page_request("/+status", "application/json")))["result"]
            return bool(status["event-serial"] >= status["serial"])

        wait_for(settled, seconds=START_SECONDS, what="devpi's own index", pause_seconds=0.2)


def devpi_command(folder: Path, port: int) -> list[str]:
    """How to start a devpi that was made; at once, without ten seconds of stretching a secret that guards nothing."""
    stretch = ["--argon2-memory-cost", "8", "--argon2-parallelism", "1", "--argon2-time-cost", "1"]
    where = ["--serverdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    return [peer_script("devpi-server"), *where, *stretch]
