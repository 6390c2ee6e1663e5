"""Unpacked wheels by content, generations, the pointer and the journal."""
