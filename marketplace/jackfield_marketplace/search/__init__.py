"""Full-text search over plugins."""

from jackfield_marketplace.search.queries import Found, featured, newest, search

__all__ = ["Found", "featured", "newest", "search"]
