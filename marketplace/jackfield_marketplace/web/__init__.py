"""The pages."""

from jackfield_marketplace.web.pages import Pages

__all__ = ["Pages"]
