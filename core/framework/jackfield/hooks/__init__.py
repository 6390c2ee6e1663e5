"""Hook specs, markers and the generated callers behind `HookManager`."""
