"""Unpacked wheels by content, generations, the pointer and the journal."""

from jackfield.store.layout import Layout

__all__ = ["Layout"]
