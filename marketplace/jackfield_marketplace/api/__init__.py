"""The package index and the plugin API."""

from jackfield_marketplace.api.answers import Answer, Headers
from jackfield_marketplace.api.batch import Batch
from jackfield_marketplace.api.details import PluginAnswers
from jackfield_marketplace.api.files import FilePages
from jackfield_marketplace.api.legacy import REASON_HEADER, UploadApi
from jackfield_marketplace.api.plugins import plugin_router
from jackfield_marketplace.api.signed import Signatures
from jackfield_marketplace.api.simple import SimpleIndex
from jackfield_marketplace.api.stages import StageApi
from jackfield_marketplace.api.tuf import MetadataPages

__all__ = [
    "REASON_HEADER",
    "Answer",
    "Batch",
    "FilePages",
    "Headers",
    "MetadataPages",
    "PluginAnswers",
    "Signatures",
    "SimpleIndex",
    "StageApi",
    "UploadApi",
    "plugin_router",
]
