"""The languages of the form: which one is answered in, and that its catalogue is whole."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from consultations.language import DOMAIN, LANGUAGES, LOCALES, Language, translation
from tests.builders import a_get

PACKAGE = LOCALES.parent
METHODS = [("*.py", "python"), ("templates/*.html", "jinja2")]
PLACEHOLDER = re.compile(r"\{\w+\}")
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def catalogue_file(language: Language, suffix: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


def catalogue(language: Language) -> Catalog:
    with catalogue_file(language, "po").open("rb") as file:
        return read_po(file, locale=language)


def sentences() -> set[str]:
    """All English sentences that the code and the templates mark."""
    keywords: dict[str, Any] = {"N_": None, "_": None}
    found = extract_from_dir(PACKAGE, METHODS, keywords=keywords)
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated_and_none_is_left_over(language: Language) -> None:
    translated = {str(message.id) for message in catalogue(language) if message.string}

    assert len(sentences()) > 100
    assert translated - {""} == sentences()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_the_sentence_does(language: Language) -> None:
    for message in catalogue(language):
        if message.id:
            given, kept = (set(PLACEHOLDER.findall(str(t))) for t in (message.id, message.string))
            assert given == kept, message.id
            assert not message.fuzzy


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_the_written_one(language: Language) -> None:
    """`make translations` compiles it."""
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))

    assert catalogue_file(language, "mo").read_bytes() == compiled.getvalue()


def test_english_needs_no_catalogue() -> None:
    assert translation("en")("Your name") == "Your name"
    assert not (LOCALES / "en").exists()


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        (None, "", "en"),
        (None, "es", "es"),
        (None, "es-MX,es;q=0.9,en;q=0.8", "es"),
        (None, "en-US,en;q=0.9,es;q=0.8", "en"),
        (None, "fr,es;q=0.5", "es"),
        (None, "en;q=0.3,ES;q=0.7", "es"),
        (None, "es;q=0, en;q=0.1", "en"),
        (None, "fr;q=x, *", "en"),
        ({"lang": "es"}, "en", "es"),
        ({"lang": "es-US"}, "en", "es"),
        ({"lang": "EN"}, "es", "en"),
        ({"lang": "fr"}, "es", "es"),
        ({"lang": "est"}, "en", "en"),
        ({"lang": ""}, "es", "es"),
    ],
)
def test_the_site_chooses_the_language_else_the_browser(
    query: dict[str, str] | None, accepted: str, language: Language
) -> None:
    assert a_get("/", query=query, Accept_Language=accepted).language == language
