"""People: passwords, sessions, roles."""
