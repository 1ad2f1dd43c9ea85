"""Personal data planted in every field is found in the table and in no log, metric or answer."""

from datetime import timedelta

import pytest
import time_machine
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

from functions.alert_staff import handler as alert_staff
from functions.retry_alerts import handler as retry_alerts
from functions.submit_consultation import handler as submit_consultation
from tests.builders import NOW, a_context, a_post, event, fields, stream_event
from tests.conftest import Aws, Logs

SENTINEL = "Zyxwv"
PLANTED = fields(
    full_name=f"{SENTINEL} Name",
    preferred_contact="email",
    phone="480-555-0177",
    email=f"{SENTINEL}@example.com",
    message=f"{SENTINEL} message",
    interests=["crps"],
)
SECRETS = (SENTINEL, SENTINEL.lower(), "5550177", "555-0177", "crps", "mesa-front-desk")


def alert(id_: str) -> PartialItemFailureResponse:
    response: PartialItemFailureResponse = alert_staff.lambda_handler(
        stream_event(id_), a_context()
    )
    return response


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_no_personal_data_in_what_is_logged_counted_or_refused(
    aws: Aws, logs: Logs, time_machine: time_machine.TimeMachineFixture, level: str
) -> None:
    time_machine.move_to(NOW, tick=False)
    for function in (submit_consultation, alert_staff, retry_alerts):
        function.logger.setLevel(level)
    refused = [
        submit_consultation.lambda_handler(a_post(body), a_context())
        for body in (
            PLANTED | {"location": SENTINEL},
            PLANTED | {"age_18_plus": SENTINEL},
            PLANTED | {"email": f"{SENTINEL}@"},
            f'{{"full_name": "{SENTINEL}',
        )
    ]
    submit_consultation.lambda_handler(a_post(PLANTED), a_context())
    submit_consultation.lambda_handler(a_post(PLANTED), a_context())
    id_ = aws.item()["id"]

    aws.sesv2.delete_email_identity(EmailIdentity="alerts@example.com")
    alert(id_)
    time_machine.shift(timedelta(minutes=5))
    retry_alerts.lambda_handler(event("schedule.json"), a_context())
    aws.sesv2.create_email_identity(EmailIdentity="alerts@example.com")
    time_machine.shift(timedelta(minutes=5))
    retry_alerts.lambda_handler(event("schedule.json"), a_context())
    submit_consultation.logger.setLevel("INFO")

    assert SENTINEL in str(aws.item())
    assert SENTINEL in str(aws.mails)
    everything = logs.text() + str(refused)
    assert id_ in everything
    for secret in SECRETS:
        assert secret not in everything
