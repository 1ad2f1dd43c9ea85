"""Run many histories: python -m tests.simulation --histories 20000 [--seed 1]."""

import argparse
import sys
import time
import traceback

from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.history import Histories
from tests.simulation.settings import history_settings

CHUNK = 200
"""Histories to a seed: few enough to replay in a minute or two, many enough to vary."""


def main() -> int:
    """0 if no history failed. A failing one is shrunk and printed with what replays it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="of the first 200 histories")
    parser.add_argument("--no-shrink", action="store_true", help="stop at the first failure as is")
    arguments = parser.parse_args()
    began = time.perf_counter()
    last_seed = arguments.seed + -(-arguments.histories // CHUNK)
    for number in range(arguments.seed, last_seed):
        size = min(CHUNK, arguments.histories - (number - arguments.seed) * CHUNK)
        try:
            run_state_machine_as_test(
                seed(number)(Histories),
                settings=history_settings(size, shrink=not arguments.no_shrink),
            )
        except Exception:  # noqa: BLE001 - whatever a history ended in is its result
            traceback.print_exc()
            print(f"\nFAILED after {Histories.checked} histories that held. To replay it:")
            print(f"  make simulate N={size} SEED={number}")
            return 1
        rate = Histories.checked / (time.perf_counter() - began)
        print(
            f"{Histories.checked:>7,} histories, {rate:.1f}/s, seed {number}: all held", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
