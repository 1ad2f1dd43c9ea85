"""Sending mail through SES: every SES call of the product."""

from collections.abc import Collection
from email.utils import formataddr
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from consultations.aws import error_code
from consultations.staff_alert import Email

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class NotSentError(Exception):
    """SES did not confirm that it took the mail; the message is SES's error code.

    SES's own message is left out, since it repeats addresses.
    """


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
        """Send one mail to all of `to` and return SES's message id. Raises NotSentError."""
        try:
            answer = self._client.send_email(
                FromEmailAddress=formataddr((sender_name, self._sender)),
                Destination={"ToAddresses": list(to)},
                ReplyToAddresses=[reply_to],
                ConfigurationSetName=self._configuration_set,
                EmailTags=[{"Name": "consultation_id", "Value": reference}],
                Content={
                    "Simple": {
                        "Subject": {"Data": email.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": email.text, "Charset": "UTF-8"},
                            "Html": {"Data": email.html, "Charset": "UTF-8"},
                        },
                        "Headers": [
                            {"Name": name, "Value": value} for name, value in email.headers.items()
                        ],
                    }
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise NotSentError(error_code(error)) from None
        return answer["MessageId"]
