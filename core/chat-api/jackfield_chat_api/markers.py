"""The markers of the project "chat", in pluggy's form."""

from jackfield.hooks import HookimplMarker, HookspecMarker

PROJECT = "chat"

hookspec = HookspecMarker(PROJECT)
hookimpl = HookimplMarker(PROJECT)
