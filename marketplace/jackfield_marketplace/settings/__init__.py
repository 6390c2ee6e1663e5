"""Where the marketplace keeps its data and what it allows."""
