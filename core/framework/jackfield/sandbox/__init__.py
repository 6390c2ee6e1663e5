"""Confinement of a process: Landlock, seccomp, namespaces, limits; knows no plugins. (Furnished with isolation.)"""
