"""Whether a request looks like a person's, and whether it can't wait.

A suspicion holds the alert back, never the request, and the verdict names each rule that was met.
No rule looks at a language, a script, the length of a name, or a medical word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from consultations.consultation_request import ConsultationRequest
from consultations.screening_lists import CRISIS_PHRASES, DISPOSABLE_DOMAINS, SELLING_PHRASES
from consultations.text import words

Status = Literal["accepted", "quarantined"]
Reason = Literal[
    "honeypot_filled",
    "filled_too_fast",
    "link_in_name",
    "many_links",
    "link_markup",
    "repeated_text",
    "selling_phrases",
    "disposable_address",
]

FASTEST_PERSON = timedelta(seconds=3)
"""Even a browser that fills in everything leaves three boxes to tick."""

LINKS_MAX_COUNT = 3
"""People link to their doctors and to what they read."""

REPEATED_AT_LEAST_WORDS = 30
REPEATED_AT_LEAST_TIMES = 8

# As they stand in what `text.words` returns. Looked for by lists, which each request would make a
# generator of its own for, at three times the cost.
_CRISIS = tuple(f" {phrase} " for phrase in CRISIS_PHRASES)
_SELLING = tuple(f" {phrase}" for phrase in SELLING_PHRASES)

_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_LINK_MARKUP = re.compile(r"<a\s{1,9}href|\[(?:url|link)\b|\]\(https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What screening found."""

    reasons: tuple[Reason, ...] = ()
    priority: bool = False
    """Whether it may be written in a crisis: somebody should read it first."""

    @property
    def status(self) -> Status:
        """The status that the stored consultation gets.

        What may be a call for help is never held back, whatever else it looks like.
        """
        return "quarantined" if self.reasons and not self.priority else "accepted"


def screen(request: ConsultationRequest, *, received_at: datetime) -> Verdict:
    """The verdict on a valid request, with the name of each rule that it met."""
    message = words(request.message or "")
    whole_words = f"{message} "
    return Verdict(
        reasons=tuple(_reasons(request, message, received_at)),
        priority=bool([phrase for phrase in _CRISIS if phrase in whole_words]),
    )


def _reasons(
    request: ConsultationRequest, message_words: str, received_at: datetime
) -> Iterator[Reason]:
    message = request.message or ""
    links = len(_LINK.findall(message))
    if request.homepage is not None:
        yield "honeypot_filled"
    if request.form_opened_at and _too_fast(received_at - request.form_opened_at):
        yield "filled_too_fast"
    if _LINK.search(request.full_name):
        yield "link_in_name"
    if links > LINKS_MAX_COUNT:
        yield "many_links"
    if _LINK_MARKUP.search(message):
        yield "link_markup"
    if _repeats_itself(message_words):
        yield "repeated_text"
    if _sells(message_words, with_link=links > 0):
        yield "selling_phrases"
    if request.preferred_contact == "email" and _is_disposable(request.email or ""):
        yield "disposable_address"


def _too_fast(taken: timedelta) -> bool:
    """Whether no person is as quick; a form opened in the future says only that a clock is off."""
    return timedelta() <= taken < FASTEST_PERSON


def _repeats_itself(message_words: str) -> bool:
    """Whether there are at least 30 words and each is said 8 times on average; numbers aside."""
    spoken = [word for word in message_words.split() if not word.isdigit()]
    return len(spoken) >= REPEATED_AT_LEAST_WORDS and len(
        set(spoken)
    ) * REPEATED_AT_LEAST_TIMES <= len(spoken)


def _sells(message_words: str, *, with_link: bool) -> bool:
    """Whether two selling phrases are there, or one beside a link."""
    found = len([phrase for phrase in _SELLING if phrase in message_words])
    return found + with_link > 1 if found else False


def _is_disposable(email: str) -> bool:
    """Whether the address is at a listed domain or below one."""
    labels = email.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[start:]) in DISPOSABLE_DOMAINS for start in range(len(labels) - 1))
