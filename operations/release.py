"""Release requests that were held back as spam: python -m operations.release STACK REFERENCE...

Each is alerted as if it were new, by the next scheduled run within five minutes, and is kept as
long as any other.
"""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from operations.deployment import Deployment


def release(deployment: Deployment, ids: Iterable[str], *, now: datetime) -> list[str]:
    """Release these quarantined requests and say which; the others were not held back."""
    released = []
    for id_ in ids:
        deployment.note("release", "id", [id_], now=now)
        keep_until = deployment.retention.ends_at("accepted", now)
        if deployment.consultations.release(id_, now=now, keep_until=keep_until):
            released.append(id_)
    return released


def run(stack: str, ids: list[str]) -> int:
    """Do it at the terminal."""
    released = release(Deployment.of_stack(stack), ids, now=datetime.now(UTC))
    for id_ in ids:
        outcome = "released" if id_ in released else "not held back, or not there"
        print(f"{id_}: {outcome}")
    return 0 if len(released) == len(ids) else 1


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("stack")
    arguments.add_argument("references", nargs="+", type=str.upper)
    given = arguments.parse_args()
    sys.exit(run(given.stack, given.references))
