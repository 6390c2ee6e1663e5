"""Chooses versions and the order of loading; pure over an injected source of metadata."""
