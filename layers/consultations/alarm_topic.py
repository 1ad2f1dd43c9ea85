"""Telling the people who look after the deployment: every SNS call of the product."""

from typing import TYPE_CHECKING

from consultations.mail_event import MailEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sns import SNSClient

_WHAT_HAPPENED = {
    "Bounce": "came back",
    "Complaint": "was reported as spam",
    "DeliveryDelay": "is delayed",
    "Reject": "was not sent, since SES found harmful content in it",
}


class AlarmTopic:
    """The topic of all alarms; it also takes notices that an alarm is too terse for."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def mail_not_delivered(self, event: MailEvent, mailboxes: "Sequence[str]") -> None:
        """Say which mailboxes an alert did not reach, by location: no address leaves the stack."""
        names = ", ".join(mailboxes)
        happened = _WHAT_HAPPENED[event.kind]
        self._client.publish(
            TopicArn=self._topic_arn,
            Subject=f"A staff alert {happened}"[:100],
            Message=(
                f"The alert about consultation {event.consultation_id} to {names} {happened}"
                f"{f' ({event.reason})' if event.reason else ''}.\n"
                "A mailbox is named by its location and its place in that location's list of staff"
                " in clinic.toml. Mailboxes that are not named here are not affected.\n"
                "What to do: docs/runbooks/mail-not-delivered.md"
            ),
        )
