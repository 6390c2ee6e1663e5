"""A connection driven by an event loop; apart from the blocking one, for a worker has no need to load asyncio."""

from jackfield.rpc.loop.connection import LoopConnection

__all__ = ["LoopConnection"]
