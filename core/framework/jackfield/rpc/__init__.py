"""Framing, messages, codec and connection between a host and a worker. (Furnished with isolation.)"""
