"""What carries a plugin's code wherever it runs: in the host's process or in a worker's.

Loading and its parts, the scope of what a plugin began, the guard around its functions, its tasks, threads and timers,
its own files and texts, and the synchronous view of a context. None of it knows who is on the other side of a facet.
"""

from jackfield.runtime.access import not_in_context
from jackfield.runtime.annotations import evaluated, read_annotation
from jackfield.runtime.blocking import BlockingView, Crossing, OnLoop
from jackfield.runtime.carried import (
    PART_BYTES,
    Found,
    Opening,
    Whole,
    change_from_data,
    change_to_data,
    component_from_data,
    component_to_data,
)
from jackfield.runtime.crowds import Crowd
from jackfield.runtime.description import CallbackAnswer, CommandData, Description, HookData, ListenerData, SourceData
from jackfield.runtime.files import MOST_READ_BYTES, ScopedFile, data_of, read_bounded, text_of
from jackfield.runtime.filling import fill_dataclass
from jackfield.runtime.guard import GRACE_SECONDS, Begin, Blame, Guard, shielded
from jackfield.runtime.loading import CALLBACKS, Loaded, function_names, marked_listeners, resolve, tie
from jackfield.runtime.own_types import read_own
from jackfield.runtime.protocols import api_methods, fit_answer, fit_arguments, lacking, members_of, takes
from jackfield.runtime.resources import PluginResources
from jackfield.runtime.scheduler import PluginScheduler
from jackfield.runtime.scopes import Opened, Scope
from jackfield.runtime.signatures import (
    Arguments,
    Call,
    FunctionData,
    ParameterData,
    Restoring,
    TypeData,
    describe,
    things_by_name,
)
from jackfield.runtime.threads import ScopedThread
from jackfield.runtime.translations import PluginTranslations, nobody_prefers
from jackfield.runtime.trees import NodeData, describe_tree, restore_tree
from jackfield.runtime.visits import Visits

__all__ = [
    "CALLBACKS",
    "GRACE_SECONDS",
    "MOST_READ_BYTES",
    "PART_BYTES",
    "Arguments",
    "Begin",
    "Blame",
    "BlockingView",
    "Call",
    "CallbackAnswer",
    "CommandData",
    "Crossing",
    "Crowd",
    "Description",
    "Found",
    "FunctionData",
    "Guard",
    "HookData",
    "ListenerData",
    "Loaded",
    "NodeData",
    "OnLoop",
    "Opened",
    "Opening",
    "ParameterData",
    "PluginResources",
    "PluginScheduler",
    "PluginTranslations",
    "Restoring",
    "Scope",
    "ScopedFile",
    "ScopedThread",
    "SourceData",
    "TypeData",
    "Visits",
    "Whole",
    "api_methods",
    "change_from_data",
    "change_to_data",
    "component_from_data",
    "component_to_data",
    "data_of",
    "describe",
    "describe_tree",
    "evaluated",
    "fill_dataclass",
    "fit_answer",
    "fit_arguments",
    "function_names",
    "lacking",
    "marked_listeners",
    "members_of",
    "nobody_prefers",
    "not_in_context",
    "read_annotation",
    "read_bounded",
    "read_own",
    "resolve",
    "restore_tree",
    "shielded",
    "takes",
    "text_of",
    "things_by_name",
    "tie",
]
