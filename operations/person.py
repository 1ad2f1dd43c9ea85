"""One person's requests: all that is stored about them, or nothing any more.

Backups of the table (35 days) and mails that were sent are not reached from here.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from operations.deployment import Deployment, FoundBy


def export(
    deployment: Deployment, found_by: FoundBy, ids: list[str], *, now: datetime
) -> Iterator[dict[str, Any]]:
    """All that is stored about these requests, what stands beside them too."""
    deployment.note("export", found_by, ids, now=now)
    for id_ in ids:
        yield from deployment.consultations.records(id_)


def erase(
    deployment: Deployment, found_by: FoundBy, ids: list[str], *, now: datetime
) -> Iterator[tuple[str, bool]]:
    """Delete these requests and all beside them; each with whether there was one.

    An alert that is still pending goes with its request.
    """
    deployment.note("erase", found_by, ids, now=now)
    for id_ in ids:
        yield id_, deployment.consultations.erase(id_) > 0
