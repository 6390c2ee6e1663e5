"""Confinement of a process: Landlock, seccomp, namespaces, limits. It knows nothing of plugins. (Furnished with isolation.)"""
