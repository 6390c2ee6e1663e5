"""Full-text search over plugins."""
