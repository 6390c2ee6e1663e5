"""Signed metadata. (Furnished with trust.)"""
