"""The reference application of jackfield: a chat."""

__version__ = "1.0.0"
