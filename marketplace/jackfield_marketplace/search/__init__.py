"""Full-text search over plugins."""

from jackfield_marketplace.search.queries import Found, count_categories, featured, newest, search

__all__ = ["Found", "count_categories", "featured", "newest", "search"]
