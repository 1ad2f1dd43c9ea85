"""The languages that people are answered in, and where their sentences come from.

The English sentence in the code or the template is the message id of the gettext catalogues in
locales/, so English needs no catalogue and costs nothing.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALES = Path(__file__).with_name("locales")
DOMAIN = "consultations"

Translate = Callable[[str], str]


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for it, which extraction looks for
    """The sentence itself, marked for the catalogues because it is translated later."""
    return sentence


@cache
def translation(language: Language) -> Translate:
    """What turns an English sentence into this language."""
    if language == "en":
        return str
    # Imported here because an English answer has no use for it.
    import gettext

    return gettext.translation(DOMAIN, LOCALES, [language]).gettext
