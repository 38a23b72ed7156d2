"""penaltyblog's Kelly of one market's outcomes; runs in `.venv-bench`, never in the product's own.

Reads markets from stdin as JSON, probabilities and prices each; answers with the stakes and the
processor seconds they took in all.
"""

import json
import sys
import time

from penaltyblog.betting import multiple_kelly_criterion


def main() -> None:
    """Stake, answer."""
    markets = json.load(sys.stdin)
    begun = time.process_time()
    stakes = [list(map(float, multiple_kelly_criterion(o, p).stakes)) for p, o in markets]
    print(json.dumps({"seconds": time.process_time() - begun, "stakes": stakes}))


if __name__ == "__main__":
    main()
