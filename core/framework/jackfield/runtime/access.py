"""What a plugin reads at `context` that is no part of it (C28)."""


def not_in_context(name: str, plugin: str) -> AttributeError:
    """Return the error for an attribute that `context` does not have: what it has is all that a plugin gets."""
    return AttributeError(
        f"Access to {name} is not allowed: it is no part of the context of {plugin}; docs/reference/context.md has all "
        "that is"
    )
