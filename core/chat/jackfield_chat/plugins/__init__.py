"""The bridge between the chat and its plugins."""
