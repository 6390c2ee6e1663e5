"""The facets of `context` in a worker: each has the signatures of `jackfield.api` and asks the host."""

from jackfield.worker.facets.api import make_api
from jackfield.worker.facets.asking import Asking
from jackfield.worker.facets.called import serve_functions
from jackfield.worker.facets.commands import RemoteCommands
from jackfield.worker.facets.events import RemoteEvents, hearing
from jackfield.worker.facets.files import RemoteEnvironment, RemoteFiles
from jackfield.worker.facets.http import RemoteHttp, RemoteNetwork
from jackfield.worker.facets.logger import make_logger
from jackfield.worker.facets.plugins import RemotePlugins
from jackfield.worker.facets.services import RemoteServices
from jackfield.worker.facets.settings import RemoteSettings
from jackfield.worker.facets.storage import RemoteStorage
from jackfield.worker.facets.ui import RemoteUi

__all__ = [
    "Asking",
    "RemoteCommands",
    "RemoteEnvironment",
    "RemoteEvents",
    "RemoteFiles",
    "RemoteHttp",
    "RemoteNetwork",
    "RemotePlugins",
    "RemoteServices",
    "RemoteSettings",
    "RemoteStorage",
    "RemoteUi",
    "hearing",
    "make_api",
    "make_logger",
    "serve_functions",
]
