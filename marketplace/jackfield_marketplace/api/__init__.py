"""The package index and the plugin API."""
