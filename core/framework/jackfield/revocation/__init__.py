"""What was revoked: the last list of each marketplace, as it was verified, and whether it means what is installed here.

The market writes the lists; who installs plugins and who runs them read the same ones, also without a network.
"""

from jackfield.revocation.allowances import ALLOWED, ALLOWED_SECONDS, STOPPED, Allowance, allowance_for, allowances
from jackfield.revocation.installed import revoked_plugins
from jackfield.revocation.kept import AGAIN_SECONDS, OLD_SECONDS, KeptList, Lists, now
from jackfield.revocation.recalled import ENTRY, recalled, remembered
from jackfield.revocation.verdict import Hit, Subject, hits, sentence, stopping

__all__ = [
    "AGAIN_SECONDS",
    "ALLOWED",
    "ALLOWED_SECONDS",
    "ENTRY",
    "OLD_SECONDS",
    "STOPPED",
    "Allowance",
    "Hit",
    "KeptList",
    "Lists",
    "Subject",
    "allowance_for",
    "allowances",
    "hits",
    "now",
    "recalled",
    "remembered",
    "revoked_plugins",
    "sentence",
    "stopping",
]
