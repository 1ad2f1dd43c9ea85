"""The mailbox of local runs: the mail that the emulator's SES took, and nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.emulator import Emulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as its reader gets it."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    sent_at: datetime


def mails(emulator: Emulator) -> list[Mail]:
    """All mail that was sent, the newest first. Raises OSError if the emulator is gone."""
    accounts = emulator.get("/_ministack/ses/messages")["messages"]
    sent = [_mail(message) for messages in accounts.values() for message in messages]
    return sorted(sent, key=lambda mail: mail.sent_at, reverse=True)


def _mail(message: dict[str, Any]) -> Mail:
    return Mail(
        id=message["MessageId"].partition("@")[0],
        sender=message["Source"],
        recipients=tuple(message["To"]),
        subject=message["Subject"],
        text=message["BodyText"] or "",
        html=message["BodyHtml"] or "",
        sent_at=datetime.fromtimestamp(message["Timestamp"], UTC),
    )
