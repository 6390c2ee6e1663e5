"""The web page: sign-in, rooms, plugins, live messages."""
