"""What a plugin in another process may ask of its context, method by method (docs/protocol.md, Context methods).

Each is answered by the very context that an inline plugin gets: grants, scopes, quotas and blame are the same. What is
added here is that arguments are decoded by their types, and that what is held by number is bounded.
"""

from jackfield.host.remote.facets.holding import Holding
from jackfield.host.remote.facets.served import Commanding, Lasting, served_context
from jackfield.host.remote.facets.speaking import hearing

__all__ = ["Commanding", "Holding", "Lasting", "hearing", "served_context"]
