"""Whether a request looks like a person's. A suspicion holds the alert back, never the request."""

from dataclasses import dataclass
from typing import Literal

from consultations.consultation_request import ConsultationRequest

Status = Literal["accepted", "quarantined"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What screening found; quarantined exactly when there is a reason."""

    reasons: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status that the stored consultation gets."""
        return "quarantined" if self.reasons else "accepted"


def screen(request: ConsultationRequest) -> Verdict:
    """The verdict on a valid request, with the name of each rule that it met."""
    return Verdict(("honeypot_filled",) if request.homepage is not None else ())
