"""What became of an alert after SES took it: delivered, bounced, complained of, rejected, late."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

# Amazon SES developer guide, "Contents of event data that Amazon SES publishes": for each type of
# event the object that describes it, its recipients, and the words that say why.
_SHAPES = {
    "Bounce": ("bounce", "bouncedRecipients", ("bounceType", "bounceSubType")),
    "Delivery": ("delivery", "recipients", ()),
    "Complaint": ("complaint", "complainedRecipients", ("complaintFeedbackType",)),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients", ("delayType",)),
    "Reject": ("reject", None, ("reason",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailEvent:
    """One event of one mail. `recipients` are addresses: they are looked up and not kept."""

    id: str
    at: datetime
    consultation_id: str
    kind: str
    """Bounce, Complaint, Delivery, DeliveryDelay or Reject."""
    reason: str
    """SES's own words, such as `Permanent General`; empty if it gave none."""
    recipients: Collection[str]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """The mail event in an event of EventBridge. Raises KeyError for any other event."""
        detail, mail = event["detail"], event["detail"]["mail"]
        part, recipients, words = _SHAPES[detail["eventType"]]
        said = detail[part]
        return cls(
            id=event["id"],
            at=datetime.fromisoformat(event["time"]),
            consultation_id=mail["tags"]["consultation_id"][0],
            kind=detail["eventType"],
            reason=" ".join(said[word] for word in words if said.get(word)),
            recipients=[_address(recipient) for recipient in said[recipients]]
            if recipients
            else mail["destination"],
        )

    @property
    def arrived(self) -> bool:
        """Whether the receiving server took the mail."""
        return self.kind == "Delivery"


def _address(recipient: str | Mapping[str, str]) -> str:
    return recipient if isinstance(recipient, str) else recipient["emailAddress"]
