"""Counters of use and errors, attributed to plugins. (Furnished with the runtime.)"""
