"""Finds candidates through entry points and manifests; imports no plugin."""
