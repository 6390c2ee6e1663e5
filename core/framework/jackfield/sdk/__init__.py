"""The plugin author's kit: scaffold, checks, test kit. (Furnished with the author's kit.)"""
