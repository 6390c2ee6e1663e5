"""Projects, releases, files and their owners."""
