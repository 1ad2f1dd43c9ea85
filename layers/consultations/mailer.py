"""Sending mail through SES: every SES call of the product."""

import random
import time
from collections.abc import Collection, Mapping
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's word for: no connection came about
    HTTPClientError,
    ParamValidationError,
)

from consultations.aws import error_code
from consultations.staff_alert import Email

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

SendFault = Literal["retry", "hold", "configuration", "rejected", "ambiguous"]
"""Why a mail was not sent, by what helps.

- retry: SES is busy or unreachable and did not take it; it may in a moment.
- hold: the day's quota is used up or sending is paused; only later, or a person, helps.
- configuration: an identity, permission or setting is wrong; a person has to put it right.
- rejected: SES refuses this mail, its content or a recipient.
- ambiguous: the answer was lost, so the mail may be on its way. It is sent again all the same: SES
  has no token that would tell the two apart, and a second alert is better than none.
"""

TRIES = 3
"""How often one send calls SES while it answers `retry`: enough to get past its rate per second."""

_PAUSE_SECONDS = 1.0
_SERVER_ERROR = 500

# Amazon SES API v2, SendEmail, "Errors"; the older names are those of its throttling guide.
_FAULTS: Mapping[str, SendFault] = {
    "TooManyRequestsException": "retry",
    "ThrottlingException": "retry",
    "Throttling": "retry",
    "LimitExceededException": "hold",
    "SendingPausedException": "hold",
    "AccountSuspendedException": "configuration",
    "MailFromDomainNotVerifiedException": "configuration",
    "NotFoundException": "configuration",
    "MessageRejected": "rejected",
    "BadRequestException": "rejected",
}


class NotSentError(Exception):
    """SES did not confirm that it took the mail; the message is SES's error code.

    SES's own message is left out, since it repeats addresses.
    """

    def __init__(self, fault: SendFault, code: str) -> None:
        super().__init__(code)
        self.fault = fault
        self.code = code


class Mailer:
    """Sends from one address, through one configuration set."""

    def __init__(self, client: "SESV2Client", *, sender: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    @property
    def domain(self) -> str:
        """The domain that the mail comes from."""
        return self._sender.rpartition("@")[2]

    def send(
        self, email: Email, *, sender_name: str, to: Collection[str], reply_to: str, reference: str
    ) -> str:
        """Send one mail to all of `to` and return SES's message id. Raises NotSentError.

        The client makes no retries of its own (`aws.sesv2_client`): those would repeat a mail
        whose answer was lost. What SES surely did not take is tried again here, up to TRIES times.
        """
        request = {
            "FromEmailAddress": formataddr((sender_name, self._sender)),
            "Destination": {"ToAddresses": list(to)},
            "ReplyToAddresses": [reply_to],
            "ConfigurationSetName": self._configuration_set,
            "EmailTags": [{"Name": "consultation_id", "Value": reference}],
            "Content": {"Simple": _content(email)},
        }
        for attempt in range(1, TRIES):
            try:
                return self._send(request)
            except NotSentError as error:
                if error.fault != "retry":
                    raise
            # Full jitter, so that workers which failed together do not come back together.
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311 - not a secret
        return self._send(request)

    def _send(self, request: dict[str, Any]) -> str:
        try:
            return self._client.send_email(**request)["MessageId"]
        except (ClientError, BotoCoreError) as error:
            raise NotSentError(_fault(error), error_code(error)) from None


def _content(email: Email) -> dict[str, Any]:
    return {
        "Subject": {"Data": email.subject, "Charset": "UTF-8"},
        "Body": {
            "Text": {"Data": email.text, "Charset": "UTF-8"},
            "Html": {"Data": email.html, "Charset": "UTF-8"},
        },
        "Headers": [{"Name": name, "Value": value} for name, value in email.headers.items()],
    }


def _fault(error: ClientError | BotoCoreError) -> SendFault:
    if isinstance(error, ClientError):
        return _fault_of_answer(error)
    if isinstance(error, ParamValidationError):
        return "rejected"
    if isinstance(error, ConnectionError):
        return "retry"
    return "ambiguous" if isinstance(error, HTTPClientError) else "configuration"


def _fault_of_answer(error: ClientError) -> SendFault:
    code = error.response["Error"]["Code"]
    if _FAULTS.get(code) == "retry" and "quota" in error.response["Error"]["Message"].lower():
        return "hold"  # "Daily message quota exceeded" comes under the same name as a busy second
    if error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR:
        return "retry"
    return _FAULTS.get(code, "configuration")  # such as AccessDeniedException
