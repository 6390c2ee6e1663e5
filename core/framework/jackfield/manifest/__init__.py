"""What a plugin says of itself: identity, versions, requirements, permissions, contributions."""
