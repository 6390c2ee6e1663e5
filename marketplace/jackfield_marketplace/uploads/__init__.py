"""Takes an upload, inspects it, publishes or refuses it."""
