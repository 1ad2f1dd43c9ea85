"""The consultations of a deployed stack, as those see them who look after it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from consultations.consultation import (
    Retention,
    email_digest,
    is_consultation_id,
    phone_digest,
)
from consultations.contact_details import e164, email_address
from consultations.repository import AuditEntry, ConsultationRepository
from operations.stack import Stack

FoundBy = Literal["id", "email", "phone", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The consultations of a stack, and who is looking at them."""

    consultations: ConsultationRepository
    id_salt: str
    retention: Retention
    operator: str
    """The AWS identity that acts; it stands in every audit record."""

    @classmethod
    def of_stack(cls, stack: Stack) -> "Deployment":
        """The consultations of this stack, for whoever its session logs in."""
        return cls(
            consultations=ConsultationRepository(
                stack.session.client("dynamodb"), stack.outputs["TableName"]
            ),
            id_salt=stack.physical_id("DataKey") or "",
            retention=Retention(
                accepted=int(stack.parameters["RetentionDays"]),
                quarantined=int(stack.parameters["QuarantineDays"]),
            ),
            operator=stack.session.client("sts").get_caller_identity()["Arn"],
        )

    def find(self, who: str) -> tuple[FoundBy, list[str]]:
        """The ids of the requests with this reference, e-mail address or phone number.

        An address or a number is looked up by its digest; a request of the last second or two may
        not be in the index yet. Raises ValueError for what is none of the three.
        """
        typed = who.strip()
        if "@" in typed:
            address = email_address(typed)
            if address is None:
                raise ValueError("not an e-mail address")
            digest = email_digest(address, self.id_salt)
            return "email", list(self.consultations.ids_with_email(digest))
        reference = typed.upper()
        if is_consultation_id(reference) and self.consultations.records(reference):
            return "id", [reference]
        number = e164(typed)
        if number is None:
            raise ValueError("not a reference of a request, an e-mail address or a phone number")
        digest = phone_digest(number, self.id_salt)
        return "phone", list(self.consultations.ids_with_phone(digest))

    def note(
        self,
        action: Literal["show", "export", "erase", "release"],
        found_by: FoundBy,
        ids: list[str],
        *,
        now: datetime,
    ) -> None:
        """Keep an audit record of what is about to be done."""
        entry = AuditEntry(
            action=action, found_by=found_by, consultations=tuple(ids), by=self.operator, at=now
        )
        self.consultations.add_audit(entry)
