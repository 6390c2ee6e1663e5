"""What a plugin reads at `context` that is no part of it (C28)."""


def not_in_context(name: str, plugin: object) -> AttributeError:
    """Return the error for an attribute that `context` does not have: what it has is all that a plugin gets.

    Args:
        name: of the attribute.
        plugin: whose context it is; None: nobody's yet, as while it is copied.
    """
    if plugin is None or (name.startswith("__") and name.endswith("__")):
        return AttributeError(name)  # Python itself looks, and has a way of its own where there is none
    return AttributeError(
        f"Access to {name} is not allowed: it is no part of the context of {plugin}; docs/reference/context.md has all "
        "that is"
    )
