"""A Python package index that knows plugins."""

__version__ = "0.1.0"
