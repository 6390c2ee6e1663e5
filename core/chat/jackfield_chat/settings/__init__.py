"""What the command line asked for, and what a running chat leaves for it to find."""

from jackfield_chat.settings.notice import Notice
from jackfield_chat.settings.serving import Settings

__all__ = ["Notice", "Settings"]
