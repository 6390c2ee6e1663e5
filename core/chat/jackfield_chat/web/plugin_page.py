"""The owner's page of plugins."""

from starlette.routing import Route

ROUTES: list[Route] = []
