"""All that a plugin author imports: `Plugin`, markers and the `Context` protocols."""
