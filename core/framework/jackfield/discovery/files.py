"""The files by which a plugin and an application are known. They are read without importing the package they lie in."""

MANIFEST = "plugin.toml"
"""In a plugin's top-level package."""

HOSTFILE = "host.toml"
"""In an application's package."""

HOSTS = "jackfield.hosts"
"""The entry-point group that names an application's package."""
