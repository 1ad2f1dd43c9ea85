"""What SES answers, and what it means for the alert."""

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import ANY, Stubber

from consultations.aws import sesv2_client
from consultations.mailer import TRIES, Mailer, NotSentError
from consultations.staff_alert import Email

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

EMAIL = Email(subject="Subject", text="Text", html="<p>HTML</p>", headers={"List-Id": "<a.b>"})
URL = "https://email.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def send(mailer: Mailer) -> str:
    return mailer.send(
        EMAIL,
        sender_name="Clinic",
        to=["staff@example.com"],
        reply_to="desk@example.com",
        reference="7K2Q-XM4D-9TPA",
    )


def a_mailer(client: "SESV2Client") -> Mailer:
    return Mailer(client, sender="alerts@example.com", configuration_set="alerts")


@pytest.mark.parametrize(
    ("status", "code", "message", "fault", "tries"),
    [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", "retry", TRIES),
        (400, "ThrottlingException", "Maximum sending rate exceeded.", "retry", TRIES),
        (500, "InternalFailure", "", "retry", TRIES),
        (503, "ServiceUnavailable", "", "retry", TRIES),
        (429, "TooManyRequestsException", "Daily message quota exceeded.", "hold", 1),
        (400, "LimitExceededException", "", "hold", 1),
        (400, "SendingPausedException", "", "hold", 1),
        (400, "AccountSuspendedException", "", "configuration", 1),
        (400, "MailFromDomainNotVerifiedException", "", "configuration", 1),
        (404, "NotFoundException", "", "configuration", 1),
        (403, "AccessDeniedException", "", "configuration", 1),
        (400, "MessageRejected", "Email address is not verified.", "rejected", 1),
        (400, "BadRequestException", "", "rejected", 1),
    ],
)
def test_each_answer_has_its_fault(
    *, status: int, code: str, message: str, fault: str, tries: int, slept: list[float]
) -> None:
    client = sesv2_client()
    with Stubber(client) as ses:
        for _ in range(tries):
            ses.add_client_error("send_email", code, message, http_status_code=status)
        with pytest.raises(NotSentError) as error:
            send(a_mailer(client))
        ses.assert_no_pending_responses()

    assert (error.value.fault, error.value.code) == (fault, code)
    assert len(slept) == tries - 1


@pytest.mark.parametrize(
    ("error", "fault", "tries"),
    [
        (ConnectTimeoutError(endpoint_url=URL), "retry", TRIES),
        (EndpointConnectionError(endpoint_url=URL), "retry", TRIES),
        (ReadTimeoutError(endpoint_url=URL), "ambiguous", 1),
        (ConnectionClosedError(endpoint_url=URL), "ambiguous", 1),
        (NoCredentialsError(), "configuration", 1),
    ],
)
def test_a_lost_answer_is_not_asked_for_again(error: BotoCoreError, fault: str, tries: int) -> None:
    client = sesv2_client()
    sent: list[object] = []

    def fail(**request: object) -> None:
        sent.append(request)
        raise error

    client.meta.events.register_first("before-send.sesv2.SendEmail", fail)
    with pytest.raises(NotSentError) as raised:
        send(a_mailer(client))

    assert raised.value.fault == fault
    assert len(sent) == tries


def test_a_busy_moment_is_outlasted(slept: list[float]) -> None:
    client = sesv2_client()
    with Stubber(client) as ses:
        ses.add_client_error("send_email", "TooManyRequestsException", http_status_code=429)
        ses.add_response("send_email", {"MessageId": "mail-1"}, dict.fromkeys(SENT, ANY))

        assert send(a_mailer(client)) == "mail-1"

    assert 0 <= slept[0] <= 2


SENT = (
    "FromEmailAddress",
    "Destination",
    "ReplyToAddresses",
    "ConfigurationSetName",
    "EmailTags",
    "Content",
)


def test_what_can_not_be_sent_at_all_is_rejected() -> None:
    with pytest.raises(NotSentError) as error:
        a_mailer(sesv2_client()).send(
            EMAIL,
            sender_name="Clinic",
            to=[None],  # type: ignore[list-item] # the mistake
            reply_to="desk@example.com",
            reference="7K2Q-XM4D-9TPA",
        )

    assert error.value.fault == "rejected"
