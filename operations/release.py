"""Requests that were held back as spam and are none: each is alerted as if it were new.

They are kept as long as any other, and the next run of the schedule alerts them if nothing does so
sooner.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from operations.deployment import Deployment


def release(
    deployment: Deployment, ids: Iterable[str], *, now: datetime
) -> Iterator[tuple[str, bool]]:
    """Release these requests; each with whether it was one that was held back."""
    for id_ in ids:
        deployment.note("release", "id", [id_], now=now)
        keep_until = deployment.retention.ends_at("accepted", now)
        yield id_, deployment.consultations.release(id_, now=now, keep_until=keep_until)
