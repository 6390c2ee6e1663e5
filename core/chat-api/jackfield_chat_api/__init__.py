"""What a plugin of the chat imports."""
