"""The ASGI application, put together."""
