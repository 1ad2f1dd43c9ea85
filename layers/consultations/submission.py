"""The path of a submission, from the request to the answer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from consultations import heartbeat
from consultations.clinic import Clinic
from consultations.consultation import Consultation, Retention
from consultations.consultation_request import (
    REPEATABLE_FIELDS,
    ConsultationRequest,
    consultation_request,
    submission_key,
)
from consultations.field_errors import InvalidFieldsError
from consultations.form import read_form
from consultations.http_request import HttpRequest
from consultations.http_response import HttpResponse, refuse_unknown_origin
from consultations.language import Language
from consultations.next_steps import next_steps
from consultations.problem import Problem
from consultations.repository import ConsultationRepository, NotStoredError, timestamp
from consultations.screening import Status, screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A request that is stored, now or by an earlier try."""

    id: str
    received_at: datetime
    outcome: Literal["stored", "replayed"]
    status: Status
    next_steps: str
    confirmation_url: str
    """The page that says so, relative to where the request was posted. Names nobody."""
    is_heartbeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """How this deployment receives submissions."""

    clinic: Clinic
    consultations: ConsultationRepository
    id_salt: str
    retention: Retention
    allowed_origins: Collection[str]

    def receive(self, http_request: HttpRequest, *, now: datetime) -> Receipt:
        """Store the posted request, once. Raises Problem if it is refused or not stored."""
        refuse_unknown_origin(http_request, self.allowed_origins)
        language = http_request.language
        request = self._read(http_request, language)
        verdict = screen(request, received_at=now)
        key = _idempotency_key(http_request, request)
        is_heartbeat = heartbeat.is_proven(
            http_request.header(heartbeat.HEADER), key, salt=self.id_salt, now=now
        )
        consultation = Consultation.received(
            request,
            verdict,
            key=key,
            id_salt=self.id_salt,
            received_at=now,
            correlation_id=http_request.correlation_id,
            clinic=self.clinic,
            retention=self.retention,
            is_heartbeat=is_heartbeat,
        )
        try:
            added = self.consultations.add(consultation)
        except NotStoredError as error:
            raise Problem.not_stored() from error
        if added.outcome == "key_reused":
            raise Problem.key_reused()
        return Receipt(
            id=consultation.id,
            received_at=added.received_at,
            outcome=added.outcome,
            status=verdict.status,
            next_steps=next_steps(
                request.preferred_contact, request.location, self.clinic, language
            ),
            confirmation_url=self._confirmation_url(consultation, language),
            is_heartbeat=is_heartbeat,
        )

    def _read(self, http_request: HttpRequest, language: Language) -> ConsultationRequest:
        try:
            fields = read_form(http_request, REPEATABLE_FIELDS)
            return consultation_request({"language": language} | fields, self.clinic)
        except InvalidFieldsError as error:
            raise Problem.invalid_fields(error) from None

    def _confirmation_url(self, consultation: Consultation, language: Language) -> str:
        # An id, a choice, a location's key and a language: nothing that a URL has to escape.
        reference = f"reference={consultation.id}"
        if self.clinic.thank_you_url:
            return f"{self.clinic.thank_you_url}?{reference}"
        return (
            f"received?{reference}&contact={consultation.preferred_contact}"
            f"&location={consultation.location}&lang={language}"
        )


def received(receipt: Receipt, http_request: HttpRequest) -> HttpResponse:
    """The answer to a received request: JSON, or for a browser's form the confirmation page."""
    if http_request.prefers_html:
        response = HttpResponse.see_other(receipt.confirmation_url)
    else:
        response = HttpResponse.json(
            201,
            {
                "id": receipt.id,
                "received_at": timestamp(receipt.received_at),
                "next_steps": receipt.next_steps,
            },
            Location=receipt.confirmation_url,
        )
    if receipt.outcome == "replayed":
        return response.with_header("Idempotent-Replayed", "true")
    return response


def _idempotency_key(http_request: HttpRequest, request: ConsultationRequest) -> str | None:
    """The key that the client chose, in the header (quoted or bare) or in the form."""
    header = http_request.header("idempotency-key")
    if not header:
        return request.submission_id
    key = submission_key(header[1:-1] if header[0] == header[-1] == '"' else header)
    if key is None or request.submission_id not in (None, key):
        raise Problem.invalid_key()
    return key
