"""What a check of a deployment finds, and how checks are run so that none can stop the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from consultations.aws import error_code
from consultations.clinic import Clinic
from consultations.repository import ConsultationRepository
from operations.stack import Stack

State = Literal["ok", "warning", "problem", "unknown"]
"""unknown: it could not be looked at, for want of a permission or a service."""

NOT_THERE = frozenset(
    {
        *("NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException"),
        *("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    }
)
"""The error codes by which AWS's services say that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen; for a warning or a problem, what to do about it."""

    state: State
    seen: str
    to_do: str = ""
    topic: str = ""
    """What was looked at; set when the check that found it is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the checks look at, and when."""

    stack: Stack
    clinic: Clinic
    """As in this checkout; the deployed one is the same if it was deployed from here."""
    now: datetime

    @property
    def consultations(self) -> ConsultationRepository:
        """The consultations of the stack."""
        return ConsultationRepository(
            self.stack.session.client("dynamodb"), self.stack.outputs["TableName"]
        )

    @property
    def recipients(self) -> Sequence[str]:
        """The addresses that alerts of this deployment go to, each once, those of tests too."""
        lists = [self.clinic.staff, *(each.staff for each in self.clinic.locations.values())]
        override = self.stack.parameters.get("AlertOverrideAddress", "")
        staff = [each for staff in lists for each in staff] if self.stack.is_prod else [override]
        heartbeat = self.stack.parameters.get("HeartbeatAddress", "")
        return list(dict.fromkeys(each for each in [*staff, heartbeat] if each))

    def name_of(self, address: str) -> str:
        """What to call a recipient where no address should stand."""
        if address == self.stack.parameters.get("HeartbeatAddress"):
            return "the address in HeartbeatAddress"
        if address == self.stack.parameters.get("AlertOverrideAddress"):
            return "the address in AlertOverrideAddress"
        return " and ".join(self.clinic.mailboxes([address]))


Check = Callable[[Examination], Iterator[Finding]]


def ok(seen: str) -> Finding:
    """As it should be."""
    return Finding("ok", seen)


def warning(seen: str, to_do: str) -> Finding:
    """Works, and should be looked at."""
    return Finding("warning", seen, to_do)


def problem(seen: str, to_do: str) -> Finding:
    """Keeps requests, alerts or alarms from working, or will."""
    return Finding("problem", seen, to_do)


def findings(
    examination: Examination, checks: Iterable[tuple[str, Check]]
) -> Iterator[tuple[str, list[Finding]]]:
    """The topic and the findings of each check, as soon as it is done."""
    for topic, check in checks:
        yield topic, [replace(finding, topic=topic) for finding in _run(check, examination)]


def is_not_there(error: ClientError) -> bool:
    """Whether AWS says that there is no such thing."""
    return error.response["Error"]["Code"] in NOT_THERE


def _run(check: Check, examination: Examination) -> Iterator[Finding]:
    try:
        yield from check(examination)
    except (ClientError, BotoCoreError, ResponseParserError, KeyError) as error:
        yield _not_seen(error)


def _not_seen(error: Exception) -> Finding:
    if isinstance(error, KeyError):
        return Finding("unknown", f"AWS's answer or the stack has no {error}", "")
    if not isinstance(error, ClientError):
        return Finding(
            "unknown",
            f"AWS could not be asked: {error_code(error)}",
            "Check the network and the region, then run doctor again.",
        )
    code, operation = error_code(error), error.operation_name
    if "AccessDenied" in code or "Unauthorized" in code or code == "AuthorizationError":
        return Finding(
            "unknown",
            f"these credentials may not call {operation}",
            f"Run doctor with a role that may call {operation}.",
        )
    return Finding("unknown", f"{operation} was answered with {code}", "Run doctor again later.")
