"""What reaches beyond the plugin, served to one in another process: files, environment, requests, connections."""

from __future__ import annotations

import os
import socket
from typing import Any

from jackfield.api import FileEntry, OpenFile
from jackfield.errors import UsageError
from jackfield.host.facets import PluginContext
from jackfield.host.remote.facets.holding import MOST_FILES, Held, Holding
from jackfield.rpc import DescriptorSender
from jackfield.runtime import MOST_READ_BYTES, PART_BYTES, Opening, Whole


class ServedFiles:
    """`files.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
        descriptors: hands open files over; None: they stay here and are named by number.
    """

    def __init__(self, context: PluginContext, holding: Holding, descriptors: DescriptorSender | None) -> None:
        self._files = context.files
        self._holding = holding
        self._descriptors = descriptors
        self.opened: Held[OpenFile] = Held(holding.plugin, "open files", MOST_FILES)

    async def read_bytes(self, path: str) -> Whole:
        """A file's content."""
        content, size = await self._files.read_up_to(path, PART_BYTES)
        if content is not None:
            return await self._holding.whole(content)
        async with self._holding.answering(size):
            content, _ = await self._files.read_up_to(path, size)
            if content is None:
                raise UsageError(f"{path} grows while it is read; open it and read a part at a time")
            return await self._holding.whole(content)

    async def write_bytes(self, path: str, data: bytes | None, parcel: int | None = None) -> None:
        """Put a file in the place of another, or anew."""
        with self._holding.argument(data, parcel, bytes | None) as content:
            await self._files.write_bytes(path, content or b"")

    async def open(self, path: str, mode: str = "rb") -> Opening:
        """Open a regular file: its descriptor is handed over, or it is read and written by `file.…`."""
        if self._descriptors is None:
            self.opened.require_room()
            self._holding.follow_scope()
            file = await self._files.open(path, mode)  # type: ignore[arg-type]  # it says which modes there are
            return Opening(path, None, self.opened.keep(file))
        descriptor, shown = await self._files.open_descriptor(path, mode)  # type: ignore[arg-type]  # as above
        try:
            return Opening(shown, self._descriptors.send(descriptor))
        finally:
            os.close(descriptor)

    async def list(self, path: str) -> Whole:
        """What a folder holds."""
        return await self._holding.whole(await self._files.list(path))

    async def stat(self, path: str) -> FileEntry | None:
        """What stands under a path."""
        return await self._files.stat(path)

    async def make_folder(self, path: str) -> None:
        """Make a folder."""
        await self._files.make_folder(path)

    async def delete(self, path: str) -> None:
        """Delete a file, a link, or an empty folder."""
        await self._files.delete(path)

    async def move(self, source: str, target: str) -> None:
        """Move a file or folder."""
        await self._files.move(source, target)


class ServedFile:
    """`file.…`: a file that stays open here, by the number that `files.open` told.

    Args:
        files: knows them.
        holding: what the plugin holds.
    """

    def __init__(self, files: ServedFiles, holding: Holding) -> None:
        self._opened = files.opened
        self._holding = holding

    async def read(self, file: int, size: int = -1) -> Whole:
        """The next bytes."""
        async with self._holding.answering(MOST_READ_BYTES if size < 0 else min(size, MOST_READ_BYTES)):
            return await self._holding.whole(await self._opened.get(file).read(size))

    async def write(self, file: int, data: bytes | None, parcel: int | None = None) -> None:
        """Write where the file stands."""
        with self._holding.argument(data, parcel, bytes | None) as content:
            await self._opened.get(file).write(content or b"")

    async def seek(self, file: int, offset: int) -> None:
        """Go on at this byte."""
        await self._opened.get(file).seek(offset)

    def close(self, file: int) -> None:
        """Close it; closing twice is no error."""
        opened = self._opened.take(file)
        if opened is not None:
            opened.close()


class ServedEnvironment:
    """`environment.…`.

    Args:
        context: the plugin's.
    """

    def __init__(self, context: PluginContext) -> None:
        self._environment = context.environment

    def get(self, name: str) -> str | None:
        """A variable's text; nil where there is none."""
        text: str | None = self._environment.get(name)
        return text


class ServedHttp:
    """`http.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
    """

    def __init__(self, context: PluginContext, holding: Holding) -> None:
        self._http = context.http
        self._holding = holding

    async def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] = {},  # noqa: B006 (only read)
        params: dict[str, str] = {},  # noqa: B006 (only read)
        json: Any = None,
        data: Any = None,
        timeout_seconds: float = 30.0,
        longest_bytes: int = 10 * 1024 * 1024,
        redirects: int = 5,
        parcel: int | None = None,
    ) -> Whole:
        """Send a request; the answer is `{status, url, headers, body}`."""
        with self._holding.argument(data, parcel, Any) as body:
            if not isinstance(body, str | bytes | dict | None):
                raise TypeError(f"data is text, bytes or a form, not {type(body).__name__}")
            response = await self._http.request(
                method,
                url,
                headers=headers,
                params=params,
                json=json,
                data=body,
                timeout_seconds=timeout_seconds,
                longest_bytes=longest_bytes,
                redirects=redirects,
            )
        return await self._holding.whole(response)


class ServedNetwork:
    """`network.…`.

    Args:
        context: the plugin's.
        descriptors: hands connections over; None: there is no way for them.
    """

    def __init__(self, context: PluginContext, descriptors: DescriptorSender | None) -> None:
        self._network = context.network
        self._plugin = context.plugin_id
        self._descriptors = descriptors

    async def connect(self, host: str, port: int, timeout_seconds: float = 30.0) -> tuple[int, int]:
        """Connect, and hand the connection over: the number of its descriptor, and 4 or 6 for its kind of address."""
        if self._descriptors is None:
            self._network.check(host, port)
            raise UsageError(
                f"{self._plugin} cannot be handed a connection",
                plugin=self._plugin,
                hint="it runs in a process of its own choice and connects by itself",
            )
        connection = await self._network.connected(host, port, timeout_seconds=timeout_seconds)
        with connection:
            return self._descriptors.send(connection.fileno()), 6 if connection.family == socket.AF_INET6 else 4
