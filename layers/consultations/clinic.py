"""What the clinic is: read from clinic.toml, validated before anything uses it.

Run as a program it checks the file and says which entry is wrong.
"""

import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from consultations.contact_details import email_address
from consultations.language import LANGUAGES, Language

CLINIC_FILE = Path(__file__).with_name("clinic.toml")
NOT_SURE = "not_sure"
"""The location of a person who does not know yet which one suits them."""

_STAFF_AT_LEAST = 2


class ClinicError(Exception):
    """The clinic's configuration has mistakes; the message names each entry and what to do."""


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PydanticCustomError(
            "time_zone", "is not a time zone; write it like America/Phoenix"
        ) from error
    return name


def _email_address(address: str) -> str:
    if email_address(address) != address:
        raise PydanticCustomError("email_address", "is not an e-mail address")
    return address


def _enough_staff(staff: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(staff)) < max(_STAFF_AT_LEAST, len(staff)):
        raise PydanticCustomError(
            "staff",
            "needs at least two different addresses, each named once: "
            "SES silently stops mail to an address that bounced",
        )
    return staff


def _each_language(texts: dict[Language, str]) -> dict[Language, str]:
    if len(texts) < len(LANGUAGES):
        raise PydanticCustomError(
            "languages",
            "needs a text for each language: {languages}",
            {"languages": ", ".join(LANGUAGES)},
        )
    return texts


def _locations(locations: dict[str, "Location"]) -> dict[str, "Location"]:
    if not locations or NOT_SURE in locations:
        raise PydanticCustomError(
            "locations", "needs at least one location, and none may be called not_sure"
        )
    return locations


Line = Annotated[str, StringConstraints(pattern=r"^\S.{0,78}\S$")]
ShortLine = Annotated[str, StringConstraints(pattern=r"^\S(?:.{0,14}\S)?$")]
"""Up to 16 characters, so that the subject of an alert stays within 60."""
Sentence = Annotated[str, StringConstraints(pattern=r"^\S.{0,998}\S$")]
Lines = Annotated[dict[Language, Line], AfterValidator(_each_language)]
Sentences = Annotated[dict[Language, Sentence], AfterValidator(_each_language)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[0-9][0-9 ()-]{7,28}[0-9]$")]
Staff = Annotated[tuple[EmailAddress, ...], AfterValidator(_enough_staff)]
LocationKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$")]

_FORBID_UNKNOWN = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One place where the clinic sees people, and who is alerted for it."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID_UNKNOWN

    name: ShortLine
    time_zone: TimeZone
    hours: Lines
    staff: Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence that a person agrees to, in each language, and the version of its wording."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID_UNKNOWN

    version: Line
    text: Sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The statements of the form, each named as its field."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID_UNKNOWN

    consent_to_contact: Statement
    ack_not_emergency: Statement
    consent_sms: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """The clinic that this deployment serves."""

    __pydantic_config__: ClassVar[ConfigDict] = _FORBID_UNKNOWN

    name: Line
    phone: Phone
    hours: Lines
    time_zone: TimeZone
    replies_within: Lines
    thank_you_url: HttpsUrl | None = None
    """The clinic's own page after a request; without it the API's /received is shown."""
    reply_to: EmailAddress
    staff: Staff
    locations: Annotated[dict[LocationKey, Location], AfterValidator(_locations)]
    wording: Wording

    def location(self, key: str) -> Location:
        """The location with this key; for `not_sure`, or one no longer there, the clinic itself."""
        return self.locations.get(key) or Location(
            name="Any location",
            time_zone=self.time_zone,
            hours=self.hours,
            staff=self.staff,
        )

    def mailboxes(self, addresses: Iterable[str]) -> list[str]:
        """What to call these addresses where an address may not stand, like `Mesa, mailbox 2`.

        One address may be several mailboxes; one that is not of the clinic's staff is a test's.
        """
        lists = [("Any location", self.staff)]
        lists += [(location.name, location.staff) for location in self.locations.values()]
        wanted = {address.lower() for address in addresses}
        found = {
            f"{name}, mailbox {number}": address.lower()
            for name, staff in lists
            for number, address in enumerate(staff, start=1)
            if address.lower() in wanted
        }
        return [*found, *(["a test mailbox"] if wanted - set(found.values()) else [])]


def load_clinic(path: Path = CLINIC_FILE) -> Clinic:
    """The validated configuration. Raises ClinicError with a line for each mistake."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        message = f"{path.name} is not valid TOML: {error}"
        raise ClinicError(message) from error
    try:
        return TypeAdapter(Clinic).validate_python(entries)
    except ValidationError as error:
        mistakes = (
            f"{path.name}: {'.'.join(map(str, mistake['loc']))}: {mistake['msg']}"
            for mistake in error.errors(include_url=False)
        )
        raise ClinicError("\n".join(mistakes)) from error


if __name__ == "__main__":
    try:
        load_clinic(*map(Path, sys.argv[1:]))
    except ClinicError as mistakes:
        sys.exit(str(mistakes))
