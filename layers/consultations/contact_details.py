"""Reading phone numbers and e-mail addresses: lenient in form, strict in whether they can work."""

import re
from functools import lru_cache

from consultations.text import without_invisible

EMAIL_MAX_LENGTH = 254  # RFC 5321 section 4.5.3.1.3 less the angle brackets (RFC 3696 erratum 1690)
PHONE_MAX_LENGTH = 32

_LOCAL_PART_MAX_OCTETS = 64  # RFC 5321 section 4.5.3.1.1
_LOCAL_PART = re.compile(r"[^\s@()<>\[\],;:\\\"]+")
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


@lru_cache(maxsize=1)  # asked once to check a number and once to store it
def e164(typed: str) -> str | None:
    """The typed phone number in E.164, read as from the United States; None if nothing could ring.

    Only the number of digits decides: a list of area codes is out of date one day, and would then
    turn a person away. A local number without its area code is None.
    """
    # Imported here because an e-mail-only request has no use for it and it costs 20 ms.
    import phonenumbers

    try:
        number = phonenumbers.parse(without_invisible(typed), "US")
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(typed: str) -> str | None:
    """The address that was typed, without invisible characters; None if no mail could get there.

    Letters of any script are allowed on both sides (RFC 6531); quoted local parts and address
    literals are not, since no person has one.
    """
    address = without_invisible(typed)
    local, at, domain = address.rpartition("@")
    if not at or len(address) > EMAIL_MAX_LENGTH:
        return None
    if not _LOCAL_PART.fullmatch(local) or len(local.encode()) > _LOCAL_PART_MAX_OCTETS:
        return None
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    return address if _is_domain(domain) else None


def _is_domain(domain: str) -> bool:
    try:
        labels = domain.encode("idna").decode("ascii").split(".")
    except UnicodeError:
        return False
    return (
        len(labels) > 1
        and all(_HOST_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
