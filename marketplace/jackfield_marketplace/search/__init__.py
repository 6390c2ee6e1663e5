"""Full-text search over plugins."""

from jackfield_marketplace.search.found import Found, FoundPlugin
from jackfield_marketplace.search.queries import count_categories, featured, newest, search

__all__ = ["Found", "FoundPlugin", "count_categories", "featured", "newest", "search"]
