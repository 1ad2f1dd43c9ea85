"""Alerting staff about one consultation: claim, compose, send, mark."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self, cast

from consultations.aws import dynamodb_client, sesv2_client
from consultations.clinic import Clinic, load_clinic
from consultations.mailer import Mailer, NotSentError
from consultations.repository import ConsultationRepository
from consultations.staff_alert import AlertDetail, staff_alert

LEASE = timedelta(minutes=2)
"""Longer than a send with all its tries takes, and than the functions' time limit."""

RETRY_SPACING = timedelta(minutes=4)
"""Short of the five minutes between two runs of retry_alerts, so that each run tries again."""


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """How it ended. Not claimed: already alerted, held back, or in another worker's hands."""

    status: Literal["alerted", "failed", "not_claimed"]
    correlation_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAlerts:
    """How this deployment alerts staff."""

    consultations: ConsultationRepository
    mailer: Mailer
    clinic: Clinic
    detail: AlertDetail
    override_address: str | None
    """Where every alert goes instead of the staff, in a deployment that is not production."""

    @classmethod
    def from_environment(cls) -> Self:
        """As the environment variables of the function say."""
        return cls(
            consultations=ConsultationRepository(dynamodb_client(), os.environ["TABLE_NAME"]),
            mailer=Mailer(
                sesv2_client(),
                sender=os.environ["SENDER_ADDRESS"],
                configuration_set=os.environ["CONFIGURATION_SET"],
            ),
            clinic=load_clinic(),
            detail=cast(AlertDetail, os.environ["ALERT_DETAIL"]),
            override_address=os.environ["ALERT_OVERRIDE_ADDRESS"] or None,
        )

    def deliver(self, consultation_id: str, *, now: datetime) -> AlertOutcome:
        """Alert staff about this consultation unless that is done or under way.

        A mail that SES does not take leaves the alert pending for a later try.
        """
        claim = self.consultations.claim_alert(consultation_id, now=now, until=now + LEASE)
        if claim is None:
            return AlertOutcome("not_claimed")
        consultation = claim.consultation
        email = staff_alert(
            consultation, self.clinic, detail=self.detail, sender_domain=self.mailer.domain
        )
        try:
            message_id = self.mailer.send(
                email,
                sender_name=self.clinic.name,
                to=self._recipients(consultation.location),
                reply_to=self.clinic.reply_to,
                reference=consultation.id,
            )
        except NotSentError as error:
            self.consultations.postpone_alert(
                consultation.id, until=now + RETRY_SPACING, reason=str(error)
            )
            return AlertOutcome("failed", consultation.correlation_id, str(error))
        self.consultations.mark_alerted(consultation.id, now=now, message_id=message_id)
        return AlertOutcome("alerted", consultation.correlation_id)

    def _recipients(self, location: str) -> Collection[str]:
        if self.override_address:
            return [self.override_address]
        return self.clinic.location(location).staff
