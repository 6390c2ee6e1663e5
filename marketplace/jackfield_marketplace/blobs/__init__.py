"""Files by content: on disk by default."""
