"""What the tests of the story share: what plugins ask, and an installation with a yes."""

from __future__ import annotations

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "posts results"\n'
MEMBERS = '[[permissions]]\nresource = "members"\nactions = ["read"]\nreason = "shows who voted"\n'


async def installed(management, *specs, **options):
    plan = await management.plan_install(specs, **options)
    return await management.apply(plan, accept_permissions=True, by="tester")
