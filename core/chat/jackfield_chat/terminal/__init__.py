"""The terminal client. (Furnished with the terminal client.)"""
