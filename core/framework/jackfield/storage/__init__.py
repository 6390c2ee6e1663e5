"""Each plugin's database, settings, and the log of state changes."""
