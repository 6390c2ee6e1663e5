"""Plugins whose code runs in another process: the host's side of what `docs/protocol.md` calls plugin methods."""

from jackfield.host.remote.calls import PluginCalls

__all__ = ["PluginCalls"]
