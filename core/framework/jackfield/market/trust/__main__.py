"""The command: `python -m jackfield.market.trust init|refresh|download`."""

import sys

from jackfield.market.trust.command import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
