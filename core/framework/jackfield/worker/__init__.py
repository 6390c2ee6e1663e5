"""Being a plugin in a child process: the zygote, the first moments of a worker, what it serves.

A zygote loads `published` of this package before it can load anything that is not of the standard library, so nothing
is imported here.
"""
