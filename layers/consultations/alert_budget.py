"""How many alerts of an hour go out one by one; those above that come together, in a digest."""

from collections import Counter
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

from consultations.repository import ClaimedAlert, ConsultationRepository

LOT = 5
"""How many alerts of a location a worker sends before it tells the table, and hears of others."""

_AN_HOUR = timedelta(hours=1)

FoldReason = Literal["budget", "contact_budget"]


class AlertBudget:
    """The alerts of this hour, as far as this worker knows.

    What a worker has sent itself it knows without a call, so that in a quiet hour an alert needs
    none. The alerts of all workers are added up in the table, by LOT at a time: every worker
    beside the first may go above the budget of a location by that much.
    """

    def __init__(
        self, consultations: ConsultationRepository, *, per_location: int, per_contact: int
    ) -> None:
        self._consultations = consultations
        self._per_location = per_location
        self._per_contact = per_contact
        self._lock = Lock()
        self._begin(hour="")

    def reason_to_fold(self, claim: ClaimedAlert, *, now: datetime) -> FoldReason | None:
        """Why this alert comes with others; None if it comes alone, and then it is counted."""
        self._turn_to(f"{now:%Y-%m-%dT%H}")
        if self._has_seen(claim) and self._too_many_of(claim, now=now):
            return "contact_budget"
        return None if self._spend(claim.location, now=now) else "budget"

    def _turn_to(self, hour: str) -> None:
        with self._lock:
            if hour != self._hour:
                self._begin(hour)

    def _begin(self, hour: str) -> None:
        self._hour = hour
        self._contacts: set[str] = set()
        self._sent: Counter[str] = Counter()
        """By location: what the table last said, and what this worker has sent since."""
        self._untold: Counter[str] = Counter()
        """By location: what this worker has sent and the table does not know of."""

    def _has_seen(self, claim: ClaimedAlert) -> bool:
        contacts = {each for each in (claim.email_digest, claim.phone_digest) if each}
        with self._lock:
            seen = not self._contacts.isdisjoint(contacts)
            self._contacts |= contacts
        return seen

    def _too_many_of(self, claim: ClaimedAlert, *, now: datetime) -> bool:
        return self._consultations.received_since(claim, now - _AN_HOUR) > self._per_contact

    def _spend(self, location: str, *, now: datetime) -> bool:
        with self._lock:
            if self._sent[location] >= self._per_location:
                return False
            self._sent[location] += 1
            self._untold[location] += 1
            if self._untold[location] < LOT:
                return True
            lot = self._untold.pop(location)
        of_all_workers = self._consultations.count_alerts(location, lot, now=now)
        with self._lock:
            self._sent[location] = of_all_workers + self._untold[location]
        return True
