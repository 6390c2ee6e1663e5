"""Marketplaces for tests: one in this process for what bounds and clocks need, one as an operator runs it."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from jackfield_marketplace.accounts import add_user, create_token
from jackfield_marketplace.app import Front, IndexProtocol, create_app, open_database
from jackfield_marketplace.db import Database, migrate
from jackfield_marketplace.settings import Settings

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.wheels import build_plugin

HOST_FILE = Path(__file__).parents[2] / "core" / "chat-api" / "jackfield_chat_api" / "host.toml"


class LocalMarket:
    """The application on a loopback port, with users `alice` and `bob` and a client that sends alice's token."""

    def __init__(self, url: str, settings: Settings, database: Database, app: Front, wheels: Path) -> None:
        self.url = url
        self.settings = settings
        self.database = database
        self.wheels = wheels
        self.app = app
        self.tokens: dict[str, str] = {}
        for name in ("alice", "bob"):
            with database.write() as session:
                self.tokens[name] = create_token(session, add_user(session, name))
        self.client = httpx.Client(base_url=url, timeout=30)

    def upload(self, path: Path, *, user: str = "alice", **fields: str) -> httpx.Response:
        """Send a file as twine does; `fields` replace the form's own."""
        form = {":action": "file_upload", "protocol_version": "1"} | fields
        with path.open("rb") as file:
            return self.client.post(
                "/legacy/", data=form, files={"content": (path.name, file)}, auth=("__token__", self.tokens[user])
            )

    def publish(self, plugin_id: str, version: str = "1.0.0", **options: Any) -> Path:
        """Build a plugin and upload it as alice; it must be taken."""
        path = build_plugin(self.wheels, plugin_id, version, **options)
        answer = self.upload(path)
        assert answer.status_code == 200, answer.text
        return path

    def project(self, name: str) -> Any:
        """The project's PEP 691 document."""
        answer = self.client.get(f"/simple/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `init` leaves it, to copy: migrating takes longer than most tests."""
    data = tmp_path_factory.mktemp("empty") / "data"
    open_database(Settings(data)).close()
    return data


@contextmanager
def local_market(folder: Path, empty_data: Path, **options: Any) -> Iterator[LocalMarket]:
    shutil.copytree(empty_data, folder / "data")
    settings = Settings(folder / "data", **options)
    database = open_database(settings)
    app = create_app(settings, database, (HOST_FILE,))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=IndexProtocol, ws="none", log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    market = LocalMarket(url, settings, database, app, folder / "wheels")
    try:
        yield market
    finally:
        market.client.close()
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of its own, with every migration."""
    database = Database(f"sqlite:///{tmp_path / 'market.sqlite3'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def market(tmp_path: Path, empty_data: Path) -> Iterator[LocalMarket]:
    """A fresh marketplace with the chat's host file."""
    with local_market(tmp_path, empty_data) as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, empty_data: Path) -> Iterator[LocalMarket]:
    """One marketplace for all tests of a module that change nothing, or nothing that the others see."""
    with local_market(tmp_path_factory.mktemp("standing"), empty_data) as running:
        yield running


@pytest.fixture
def market_with(tmp_path: Path, empty_data: Path) -> Iterator[Callable[..., LocalMarket]]:
    """Makes a marketplace with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(local_market(tmp_path, empty_data, **options))


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    """A marketplace run by its command, shared by the tests of one module."""
    with running_marketplace(tmp_path_factory.mktemp("operated")) as running:
        yield running
