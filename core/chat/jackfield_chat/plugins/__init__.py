"""The bridge between the chat and its plugins."""

from jackfield_chat.plugins.advice import advised
from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.bridge import Bridge
from jackfield_chat.plugins.listed import Installed, Offer
from jackfield_chat.plugins.operations import Action, Operations, Question
from jackfield_chat.plugins.placing import Place
from jackfield_chat.plugins.plugin_settings import Field, Form
from jackfield_chat.plugins.sentences import besides, day, headline, parts, update_line, update_plan
from jackfield_chat.plugins.updating import CHOICES

__all__ = [
    "CHOICES",
    "Action",
    "Answer",
    "AnswerLine",
    "Bridge",
    "Field",
    "Form",
    "Installed",
    "Offer",
    "Operations",
    "Place",
    "Question",
    "advised",
    "besides",
    "day",
    "headline",
    "parts",
    "update_line",
    "update_plan",
]
