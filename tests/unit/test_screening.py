"""Screening against two corpora written for this project; `unseen` samples were written after the
rules and the phrases, and no rule was changed for them."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultations.consultation_request import ConsultationRequest
from consultations.screening import Verdict, screen
from consultations.screening_lists import CRISIS_PHRASES, SELLING_PHRASES
from consultations.text import words
from tests.builders import NOW, a_consultation, a_request

CORPUS = Path(__file__).parent.parent / "corpus"

Sample = tuple[ConsultationRequest, bool]


def corpus(name: str) -> list[Sample]:
    """The requests of a corpus, and whether each is unseen."""
    lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    return [sample(json.loads(line)) for line in lines]


def sample(entry: dict[str, Any]) -> Sample:
    unseen = entry.pop("unseen", False)
    if "seconds" in entry:
        entry["form_opened_at"] = (NOW - timedelta(seconds=entry.pop("seconds"))).isoformat()
    return a_request(**entry), unseen


def verdict(**changes: object) -> Verdict:
    return screen(a_request(**changes), received_at=NOW)


def test_no_person_is_held_back(measured: Callable[[str], None]) -> None:
    samples = corpus("legitimate.jsonl")
    held = [
        request
        for request, _ in samples
        if screen(request, received_at=NOW).status == "quarantined"
    ]

    assert len(samples) >= 150
    assert held == []
    unseen = sum(unseen for _, unseen in samples)
    measured(f"screening: 0 of {len(samples)} legitimate requests held ({unseen} of them unseen)")


def test_spam_is_held(measured: Callable[[str], None]) -> None:
    samples = corpus("spam.jsonl")
    verdicts = [(screen(request, received_at=NOW), unseen) for request, unseen in samples]
    held = [unseen for found, unseen in verdicts if found.status == "quarantined"]
    reasons = Counter(reason for found, _ in verdicts for reason in found.reasons)

    assert len(samples) >= 150
    assert not any(found.priority for found, _ in verdicts)
    assert len(held) / len(samples) >= 0.7
    assert set(reasons) == {
        "honeypot_filled",
        "filled_too_fast",
        "link_in_name",
        "many_links",
        "link_markup",
        "repeated_text",
        "selling_phrases",
        "disposable_address",
    }
    unseen = sum(unseen for _, unseen in samples)
    measured(
        f"screening: {len(held)} of {len(samples)} spam held ({len(held) / len(samples):.0%}); "
        f"unseen {sum(held)} of {unseen} ({sum(held) / unseen:.0%}); "
        + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    )


@pytest.mark.parametrize(
    ("seconds", "reasons"),
    [
        (0, ("filled_too_fast",)),
        (2.9, ("filled_too_fast",)),
        (3, ()),
        (86_400, ()),
        (-1, ()),  # a clock that is ahead
    ],
)
def test_only_a_program_fills_the_form_in_less_than_three_seconds(
    seconds: float, reasons: tuple[str, ...]
) -> None:
    opened = NOW - timedelta(seconds=seconds)

    assert verdict(form_opened_at=opened.isoformat()).reasons == reasons


def test_three_links_are_a_person_s_and_four_are_not() -> None:
    assert verdict(message="https://example.com/a " * 3).reasons == ()
    assert verdict(message="https://example.com/a " * 4).reasons == ("many_links",)


def test_one_selling_phrase_is_anyone_s_and_needs_a_second_or_a_link() -> None:
    assert verdict(message="I sell backlinks for a living.").reasons == ()
    assert verdict(message="Backlinks: https://example.com").reasons == ("selling_phrases",)
    assert verdict(message="Backlinks and guest posts").reasons == ("selling_phrases",)


def test_invisible_characters_and_look_alikes_hide_no_phrase() -> None:
    assert verdict(message="b\u200backlink, ＧＵＥＳＴ ｐｏｓｔ").reasons == ("selling_phrases",)


@pytest.mark.parametrize(
    ("email", "preferred_contact", "reasons"),
    [
        ("a@mailinator.com", "email", ("disposable_address",)),
        ("a@in.MAILINATOR.com", "email", ("disposable_address",)),
        ("a@mailinator.com", "call", ()),  # they can be called
        ("a@notmailinator.com", "email", ()),
        ("mailinator.com@example.com", "email", ()),
    ],
)
def test_an_address_that_is_gone_tomorrow_is_held_if_it_is_the_only_way(
    email: str, preferred_contact: str, reasons: tuple[str, ...]
) -> None:
    assert verdict(email=email, preferred_contact=preferred_contact).reasons == reasons


@pytest.mark.parametrize(
    "message",
    [
        "I want to die.",
        "i dont want to live anymore",
        "I don’t want to live anymore",
        "Sometimes I think about KILLING   MYSELF",
        "I've been suicidal since March",
        "no suicidal thoughts today",  # marked all the same: the cost is one glance
        "I cannot go on",
        "everyone would be better off without me",
        "i keep hurting myself",
        "took an overdose last year",
        "Quiero morir",
        "Ya no quiero vivir así",
        "tengo ideas suicidas",
        "pienso en quitarme la vida",
        "A veces pienso en hacerme daño",
        "estarían mejor sin mí",
        "I want to d\u200bie",
    ],
)
def test_what_may_be_said_in_a_crisis_is_priority(message: str) -> None:
    assert verdict(message=message).priority
    assert a_consultation(message=message).priority


@pytest.mark.parametrize(
    "message",
    [
        "My brother died last year and I want a diet that helps.",
        "I want to diet.",
        "Die Schmerzen sind stark.",
        "The pain is killing me",
        "Cutting back on sugar, my self esteem is fine",
        "Me duele la espalda",
        None,
    ],
)
def test_other_requests_are_not(message: str | None) -> None:
    assert not verdict(message=message).priority


def test_a_possible_call_for_help_is_never_held_back_whatever_else_it_looks_like() -> None:
    found = verdict(message="I want to die. " * 30 + "[url=x]", homepage="filled in by a browser")

    assert found.reasons == ("honeypot_filled", "link_markup", "repeated_text")
    assert found.status == "accepted"


def test_each_phrase_is_written_as_it_is_looked_for() -> None:
    phrases = [*SELLING_PHRASES, *CRISIS_PHRASES]

    assert [phrase for phrase in phrases if words(phrase) != f" {phrase}"] == []


@given(st.text(max_size=200))
def test_no_text_without_a_link_or_a_phrase_is_held_for_its_script(text: str) -> None:
    found = verdict(full_name=f"x{text}", message=f"x{text}")

    assert set(found.reasons) <= {"link_in_name", "repeated_text", "selling_phrases"}
