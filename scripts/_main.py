"""Where every script arrives: the set-up in `stack` uses the standard library only."""

import sys

from stack import command_line

if __name__ == "__main__":
    sys.exit(command_line.main(sys.argv[1:]))
