"""Downloads, counted by day."""
