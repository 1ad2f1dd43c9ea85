"""The mails that staff get: who gets which, and what follows when SES rejects what was typed."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Self, cast

from consultations.alert_digest import alert_digest, held_summary
from consultations.aws import sesv2_client
from consultations.clinic import Clinic, load_clinic
from consultations.consultation import Consultation
from consultations.mailer import Mailer, NotSentError
from consultations.repository import IndexEntry
from consultations.staff_alert import AlertDetail, Email, staff_alert


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that SES took."""

    message_id: str
    rejected: str | None = None
    """The code with which SES first rejected what was typed; it then took a mail without that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMail:
    """How this deployment writes to staff. Every method that sends raises NotSentError."""

    mailer: Mailer
    clinic: Clinic
    detail: AlertDetail
    override_address: str | None
    """Where every mail goes instead of the staff, in a deployment that is not production."""
    heartbeat_address: str | None
    """Where the alert of the daily test submission goes."""

    @classmethod
    def from_environment(cls) -> Self:
        """As the environment variables of the function say."""
        return cls(
            mailer=Mailer(
                sesv2_client(),
                sender=os.environ["SENDER_ADDRESS"],
                configuration_set=os.environ["CONFIGURATION_SET"],
            ),
            clinic=load_clinic(),
            detail=cast(AlertDetail, os.environ["ALERT_DETAIL"]),
            override_address=os.environ["ALERT_OVERRIDE_ADDRESS"] or None,
            heartbeat_address=os.environ["HEARTBEAT_ADDRESS"] or None,
        )

    def send_alert(self, consultation: Consultation) -> SentMail:
        """Tell the staff of its location about one consultation."""

        def compose(detail: AlertDetail) -> Email:
            return staff_alert(
                consultation, self.clinic, detail=detail, sender_domain=self.mailer.domain
            )

        if consultation.heartbeat and self.heartbeat_address:
            to: Collection[str] = [self.heartbeat_address]
        else:
            to = self._staff(consultation.location)
        return self._send(compose, to=to, reference=consultation.id)

    def send_digest(self, location: str, consultations: Sequence[Consultation]) -> SentMail:
        """Tell the staff of a location about several consultations, in one mail."""

        def compose(detail: AlertDetail) -> Email:
            return alert_digest(
                consultations,
                self.clinic,
                location=location,
                detail=detail,
                sender_domain=self.mailer.domain,
            )

        return self._send(compose, to=self._staff(location), reference="digest")

    def send_held_summary(self, held: Sequence[IndexEntry]) -> None:
        """Tell the clinic's own staff which requests are held back as spam."""
        email = held_summary(
            [(entry.id, entry.received_at) for entry in held],
            self.clinic,
            sender_domain=self.mailer.domain,
        )
        self._mail(email, to=self._or_override(self.clinic.staff), reference="summary")

    def _staff(self, location: str) -> Collection[str]:
        return self._or_override(self.clinic.location(location).staff)

    def _or_override(self, staff: Collection[str]) -> Collection[str]:
        return [self.override_address] if self.override_address else staff

    def _send(
        self, compose: Callable[[AlertDetail], Email], *, to: Collection[str], reference: str
    ) -> SentMail:
        """Send the mail; if SES rejects what was typed in it, at once another without that."""
        try:
            return SentMail(self._mail(compose(self.detail), to=to, reference=reference))
        except NotSentError as error:
            if error.fault != "rejected" or self.detail == "reference":
                raise
            rejected = error.code
        email = compose("reference")
        return SentMail(self._mail(email, to=to, reference=reference), rejected)

    def _mail(self, email: Email, *, to: Collection[str], reference: str) -> str:
        return self.mailer.send(
            email,
            sender_name=self.clinic.name,
            to=to,
            reply_to=self.clinic.reply_to,
            reference=reference,
        )
