"""How typed text is measured and shown. It is stored as it came; only what is shown is cleaned.

The policy for characters that can't be seen (Unicode categories Cc and Cf):

- stored text keeps every one of them, in every field except the e-mail address;
- shown text has bidirectional controls removed, so that nothing can be displayed in an order
  that was not typed, and other control characters replaced by U+FFFD, so that a reader sees that
  something was there;
- phone numbers and e-mail addresses are read without any of them: they only get there by pasting.
"""

import re
import unicodedata

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = "\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"

_BIDI_CONTROL = re.compile(f"[{_BIDI_CONTROLS}]")
_INVISIBLE = re.compile(f"[{_BIDI_CONTROLS}{_ZERO_WIDTH}{_CONTROLS}]")
_CONTROL = re.compile(f"[{_CONTROLS}]")
_LINE_BREAK = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_APOSTROPHE = re.compile("['\u2019\u02bc]")
_COMBINING = re.compile("[\u0300-\u036f]")
_NOT_A_WORD = re.compile(r"[\W_]+")
_LINK_JOINT = re.compile(r"(?<=[^\s.:/@])([.:/@]+)(?=[^\s.:/@])")


def without_invisible(text: str) -> str:
    """The text without characters that show nothing, and without space around it."""
    return _INVISIBLE.sub("", text).strip()


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing."""
    return not without_invisible(text)


def length(text: str) -> int:
    """Code points after NFC, a line break counting as one: what a person would count.

    Browsers send line breaks in forms as CR LF but count them as one for `maxlength`
    (HTML Living Standard, "API value" and "submission value" of a textarea).
    """
    return len(unicodedata.normalize("NFC", text.replace("\r\n", "\n")))


def words(text: str) -> str:
    """The words of the text, each with a space before it: lower case, no accents or punctuation.

    For comparing with phrases; look-alikes of compatible forms (full width, ligatures) are one.
    """
    plain = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return " " + _NOT_A_WORD.sub(" ", _APOSTROPHE.sub("", _COMBINING.sub("", plain))).strip()


def as_lines(text: str) -> str:
    """The text as it is shown over several lines, separated by a bare line feed."""
    lines = _LINE_BREAK.sub("\n", _BIDI_CONTROL.sub("", text))
    return _CONTROL.sub("\ufffd", lines)


def as_line(text: str) -> str:
    """The text as it is shown on one line: line breaks become spaces."""
    return " ".join(as_lines(text).split())


def without_links(text: str) -> str:
    """The text with a zero-width space at each joint of what a mail program might make a link.

    A link in an alert is one a stranger could have typed, so none is left to click on.
    """
    return _LINK_JOINT.sub("\\1\u200b", text)
