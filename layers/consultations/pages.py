"""The pages that people see: the form, the confirmation, every refusal.

Imported only to answer with a page: a JSON answer has no use for a template engine.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from consultations import crisis, form_texts
from consultations.clinic import NOT_SURE, Clinic
from consultations.consultation import is_consultation_id
from consultations.consultation_request import (
    FIELD_NAMES,
    MESSAGE_MAX_LENGTH,
    REPEATABLE_FIELDS,
    PreferredContact,
    checkbox,
    submission_key,
)
from consultations.field_errors import InvalidFieldsError
from consultations.form import Fields, read_form
from consultations.http_request import HttpRequest
from consultations.http_response import HttpResponse
from consultations.language import LANGUAGES, N_, Translate, translation
from consultations.next_steps import CONTACTS, clinic_answers
from consultations.problem import Problem
from consultations.repository import timestamp

_TEMPLATES = Path(__file__).with_name("templates")
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

Value = TypeVar("Value", bound=str)

_LANGUAGE_NAMES = {"en": "English", "es": "Español"}
_GROUPS = ("preferred_contact", "best_time", "location", "interests")
_TICKS = ("may_leave_message", "consent_to_contact", "ack_not_emergency", "consent_sms")
_NOT_SHOWN = frozenset({"submission_id", "form_opened_at", "language", "homepage"})
"""Fields that a person can't correct, so that a mistake in one of them leads nowhere."""

_NOT_FROM_THE_FORM = (
    N_("Your request could not be read"),
    N_("It was not saved. Open the form and send it from there."),
)
_WORDS = {
    "not_found": (
        N_("There is no page here"),
        N_("The address may have been typed wrong, or the page has moved."),
    ),
    "method_not_allowed": (
        N_("This address only receives the form"),
        N_("Nothing was sent. To ask for a consultation, open the form."),
    ),
    "body_too_large": (
        N_("That was more than the form can take"),
        N_(
            "Your request was not saved. A message may have {limit} characters: go back, shorten "
            "it and send the form again."
        ),
    ),
    "idempotency_key_reused": (
        N_("This form was already sent"),
        N_(
            "It was sent with other answers, and the clinic has that request. "
            "To send these answers too, send the form again."
        ),
    ),
    "unreadable_body": _NOT_FROM_THE_FORM,
    "unsupported_media_type": _NOT_FROM_THE_FORM,
    "origin_not_allowed": _NOT_FROM_THE_FORM,
    "invalid_idempotency_key": _NOT_FROM_THE_FORM,
    "invalid_fields": _NOT_FROM_THE_FORM,
}
"""What a page says where a problem's own words are for whoever builds a site or a program."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose."""

    value: str
    label: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one clinic, each in the language of its request."""

    clinic: Clinic

    def form(self, request: HttpRequest, *, now: datetime, submission_id: str) -> HttpResponse:
        """The empty form; for a root without its slash, the way there."""
        if request.ancestors < 0:
            # Relative links need the slash, and only the URL's own last name is known here.
            root = request.url_path.rpartition("/")[2] + "/"
            query = f"?{urlencode(request.query)}" if request.query else ""
            return HttpResponse.moved(root + query)
        return self._form(200, request, {}, now=now, submission_id=submission_id)

    def confirmation(self, request: HttpRequest) -> HttpResponse:
        """That a request was received and what follows, from a URL that names nobody.

        Raises Problem 404 for a reference that can not be one of ours.
        """
        reference = request.query.get("reference", "")
        contact: PreferredContact = next(
            (way for way in CONTACTS if way == request.query.get("contact")), "call"
        )
        if not is_consultation_id(reference):
            raise Problem.not_found()
        location = request.query.get("location", NOT_SURE)
        return self._page(
            200,
            "received.html",
            request,
            reference=reference,
            answer=clinic_answers(contact, self.clinic, request.language),
            location=self.clinic.locations.get(location),
            hours=self.clinic.location(location).hours[request.language],
        )

    def refusal(
        self, problem: Problem, request: HttpRequest, *, now: datetime, submission_id: str
    ) -> HttpResponse:
        """What went wrong: on the form with every answer kept, if that is what was sent.

        `submission_id` is for answers that can't be sent under the one they came with.
        """
        fields = _posted_fields(request)
        if fields is None:
            return self._problem(problem, request)
        if problem.code != "idempotency_key_reused":
            submission_id = submission_key(str(fields.get("submission_id"))) or submission_id
        return self._form(
            problem.status,
            request,
            fields,
            now=now,
            submission_id=submission_id,
            problem=problem,
        )

    def _form(
        self,
        status: int,
        request: HttpRequest,
        fields: Fields,
        *,
        now: datetime,
        submission_id: str,
        problem: Problem | None = None,
    ) -> HttpResponse:
        translate = translation(request.language)
        mistakes = problem.errors if problem else []
        errors = {mistake.field: mistake.detail(translate) for mistake in mistakes}
        shown = FIELD_NAMES - _NOT_SHOWN
        return self._page(
            status,
            "form.html",
            request,
            notice=_words(problem, translate) if problem and not errors else None,
            answers=_answers(fields),
            errors={name: text for name, text in errors.items() if name in shown},
            unlinked_errors=[text for name, text in errors.items() if name not in shown],
            choices=self._choices(request, translate),
            message_limit=f"{MESSAGE_MAX_LENGTH:,}",
            submission_id=submission_id,
            form_opened_at=fields.get("form_opened_at") or timestamp(now),
            headers=problem.headers if problem else {},
        )

    def _problem(self, problem: Problem, request: HttpRequest) -> HttpResponse:
        heading, text = _words(problem, translation(request.language))
        return self._page(
            problem.status,
            "problem.html",
            request,
            heading=heading,
            text=text,
            correlation_id=request.correlation_id,
            headers=problem.headers,
        )

    def _choices(self, request: HttpRequest, translate: Translate) -> Mapping[str, list[Choice]]:
        locations = [
            Choice(key, location.name, location.hours[request.language])
            for key, location in self.clinic.locations.items()
        ]
        return {
            "preferred_contact": _labelled(form_texts.PREFERRED_CONTACT, translate),
            "best_time": _labelled(form_texts.BEST_TIME, translate),
            "location": [*locations, Choice(NOT_SURE, translate(N_("I am not sure yet")))],
            "age_18_plus": [
                Choice("true", translate(N_("Yes"))),
                Choice("false", translate(N_("No"))),
            ],
            "interests": _labelled(form_texts.INTERESTS, translate),
            "referral_source": _labelled(form_texts.REFERRAL_SOURCE, translate),
        }

    def _page(
        self,
        status: int,
        template: str,
        request: HttpRequest,
        *,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> HttpResponse:
        html = _ENVIRONMENT.get_template(template).render(
            _=translation(request.language),
            clinic=self.clinic,
            language=request.language,
            languages=_other_languages(request),
            root=request.root,
            crisis=crisis,
            style=Markup(_STYLE),  # noqa: S704 - our own file, and a hash allows just that
            **context,
        )
        return HttpResponse.html(status, html, self._content_security_policy(), headers or {})

    def _content_security_policy(self) -> str:
        """Our own style and script, posts to ourselves, and nothing else from anywhere."""
        targets = "'self'"
        if self.clinic.thank_you_url:  # browsers hold the redirect after a post to form-action too
            url = urlsplit(self.clinic.thank_you_url)
            targets = f"'self' {url.scheme}://{url.netloc}"
        return (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; script-src 'self'; "
            f"connect-src 'self'; img-src data:; form-action {targets}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )


def _words(problem: Problem, translate: Translate) -> tuple[str, str]:
    """The heading of a refusal and what to do, for the person who sees it."""
    if problem.code in _WORDS:
        heading, text = _WORDS[problem.code]
        return translate(heading), translate(text).format(limit=f"{MESSAGE_MAX_LENGTH:,}")
    return problem.title(translate), problem.detail(translate)


def _posted_fields(request: HttpRequest) -> Fields | None:
    """What was typed into the form, if this is a form and can be read."""
    if request.method != "POST":
        return None
    try:
        return read_form(request, REPEATABLE_FIELDS)
    except (Problem, InvalidFieldsError):
        return None


def _answers(fields: Fields) -> Mapping[str, object]:
    """What was answered, as the templates show it: texts, ticks, and the choices of each group."""
    return {name: _answer(name, fields.get(name)) for name in FIELD_NAMES}


def _answer(name: str, value: object) -> object:
    if name in _TICKS:
        return checkbox(value) is True
    if name == "age_18_plus":  # a box to tick on a site's own form, a yes and a no on ours
        return [str(checkbox(value)).lower()]
    if name in _GROUPS:
        return value if isinstance(value, list) else [value]
    return value if isinstance(value, str) else ""


def _labelled(texts: Mapping[Value, str], translate: Translate) -> list[Choice]:
    return [Choice(value, translate(text)) for value, text in texts.items()]


def _other_languages(request: HttpRequest) -> list[Mapping[str, str]]:
    """The same page in the other languages; an answer to a post has no address, the form has."""
    page = "" if request.method == "GET" else request.root
    query = request.query if request.method == "GET" else {}
    return [
        {
            "code": language,
            "name": _LANGUAGE_NAMES[language],
            "url": f"{page}?{urlencode({**query, 'lang': language})}",
        }
        for language in LANGUAGES
        if language != request.language
    ]
