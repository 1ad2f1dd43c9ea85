"""One person's requests, exported or erased: python -m operations.person STACK ACTION.

Asks whose: a reference, an e-mail address or a phone number, which is therefore in no shell
history. Backups of the table (35 days) and mails that were sent are not reached from here.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import Any

from operations.deployment import Deployment


def export(deployment: Deployment, who: str, *, now: datetime) -> list[dict[str, Any]]:
    """All that is stored about this person's requests. Raises ValueError if `who` is nobody's."""
    found_by, ids = deployment.find(who)
    deployment.note("export", found_by, ids, now=now)
    return [record for id_ in ids for record in deployment.consultations.records(id_)]


def erase(deployment: Deployment, who: str, *, now: datetime) -> list[str]:
    """Delete all of this person's requests and say which. An alert still pending goes with them.

    Raises ValueError if `who` is nobody's.
    """
    found_by, ids = deployment.find(who)
    deployment.note("erase", found_by, ids, now=now)
    return [id_ for id_ in ids if deployment.consultations.erase(id_)]


def run(stack: str, action: str) -> int:
    """Do it at the terminal."""
    who = input("Reference, email address or phone number: ")
    deployment = Deployment.of_stack(stack)
    now = datetime.now(UTC)
    try:
        if action == "export":
            records = export(deployment, who, now=now)
            say(json.dumps(records, indent=2, ensure_ascii=False, default=int))
            return 0
        ids = erase(deployment, who, now=now)
    except ValueError as mistake:
        say(f"This is {mistake}.")
        return 1
    say("\n".join(["Erased:", *ids]) if ids else "There is no request to erase.")
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("stack")
    arguments.add_argument("action", choices=["export", "erase"])
    given = arguments.parse_args()
    sys.exit(run(given.stack, given.action))
