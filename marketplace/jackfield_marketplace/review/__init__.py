"""Quarantine and its decisions. (Furnished with the marketplace pages.)"""
