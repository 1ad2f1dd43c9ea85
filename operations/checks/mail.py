"""Whether SES will send, and whether what it sends can arrive."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from operations.findings import Examination, Finding, is_not_there, ok, problem, warning

if TYPE_CHECKING:
    from mypy_boto3_sesv2.type_defs import GetEmailIdentityResponseTypeDef

EVENTS = frozenset({"BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY", "DELIVERY"})
"""The events of AlertMailEvents in template.yaml."""

LITTLE_QUOTA = 0.1
"""Of the day's quota: what is left below this is worth a warning."""

UNLIMITED = -1


def account(examination: Examination) -> Iterator[Finding]:
    """Whether the account may send, and to whom."""
    ses = examination.stack.session.client("sesv2").get_account()
    if not ses.get("SendingEnabled"):
        yield problem(
            "SES does not send for this account: sending is paused",
            "The SES console says why (Account dashboard). Alerts stay pending until then.",
        )
    if ses.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        yield problem(
            f"SES has the account under review: {ses['EnforcementStatus']}",
            "Answer the case that AWS opened in the Support Center.",
        )
    if ses.get("ProductionAccessEnabled"):
        yield ok("out of the sandbox: mail may go to any address")
        return
    if examination.stack.is_prod:
        yield problem(
            "in the SES sandbox: only verified addresses get mail",
            "Request production access: SES console, Account dashboard.",
        )
    else:
        yield warning(
            "in the SES sandbox: only verified addresses get mail",
            "Fine for tests. Request production access before you serve a clinic.",
        )
    yield from _unverified(examination)


def quota(examination: Examination) -> Iterator[Finding]:
    """How many mails are left of the 24 hours' quota."""
    limits = examination.stack.session.client("sesv2").get_account()["SendQuota"]
    most, sent = limits.get("Max24HourSend", 0), limits.get("SentLast24Hours", 0)
    if most == UNLIMITED:
        yield ok("mails a day are not limited")
        return
    seen = f"{most - sent:,.0f} of {most:,.0f} mails left in these 24 hours"
    if sent >= most:
        yield problem(seen, "Alerts wait until it is free again. Ask for more in Service Quotas.")
    elif most - sent < most * LITTLE_QUOTA:
        yield warning(seen, "Ask for more in Service Quotas before it is used up.")
    else:
        yield ok(seen)


def sender(examination: Examination) -> Iterator[Finding]:
    """Whether the sender is verified, signs with DKIM and has a MAIL FROM domain of its own.

    The identity of the address counts if there is one, else that of its domain or of a domain
    above it (SES developer guide, "Creating and verifying identities").
    """
    address = examination.stack.parameters["SenderAddress"]
    name, identity = _identity(examination, address)
    if identity is None:
        yield problem(
            f"no SES identity for {address}",
            "Verify its domain: aws sesv2 create-email-identity --email-identity "
            + address.rpartition("@")[2],
        )
        return
    if identity.get("VerifiedForSendingStatus"):
        yield ok(f"the identity {name} is verified")
    else:
        yield problem(
            f"the identity {name} is not verified",
            "Add the DNS records that the SES console shows for it, or open the link it mailed.",
        )
    yield _dkim(name, identity)
    yield _mail_from(name, identity)


def configuration_set(examination: Examination) -> Iterator[Finding]:
    """Whether the configuration set is there and tells what becomes of mail."""
    client = examination.stack.session.client("sesv2")
    name = examination.stack.physical_id("AlertMail") or ""
    try:
        settings = client.get_configuration_set(ConfigurationSetName=name)
    except ClientError as error:
        if not is_not_there(error):
            raise
        yield problem(
            "the configuration set is not there, so that no alert is sent", "Deploy again."
        )
        return
    if not settings.get("SendingOptions", {}).get("SendingEnabled", True):
        yield problem(
            f"sending through {name} is paused",
            "The SES console says why (Configuration sets). Alerts stay pending until then.",
        )
    told = {
        kind
        for destination in client.get_configuration_set_event_destinations(
            ConfigurationSetName=name
        ).get("EventDestinations", [])
        if destination.get("Enabled") and "EventBridgeDestination" in destination
        for kind in destination["MatchingEventTypes"]
    }
    if missing := EVENTS - told:
        yield problem(
            f"SES does not tell EventBridge of {', '.join(sorted(missing))}", "Deploy again."
        )
    else:
        yield ok(f"{name} tells of bounces, complaints, rejections, delays and deliveries")


def mail_event_rule(examination: Examination) -> Iterator[Finding]:
    """Whether what SES tells reaches the function that keeps it."""
    client = examination.stack.session.client("events")
    for logical_id, name in examination.stack.ids_of("AWS::Events::Rule").items():
        rule = client.describe_rule(Name=name.rpartition("|")[2])
        if rule["State"] == "DISABLED":
            yield problem(f"the rule {logical_id} is disabled", "Enable it in EventBridge, Rules.")
        else:
            yield ok(f"the rule {logical_id} is enabled")


def suppression(examination: Examination) -> Iterator[Finding]:
    """Whether SES withholds mail from somebody who should get alerts."""
    client = examination.stack.session.client("sesv2")
    free = 0
    for address in examination.recipients:
        try:
            entry = client.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
        except ClientError as error:
            if not is_not_there(error):
                raise
            free += 1
            continue
        yield problem(
            f"{examination.name_of(address)} gets no mail: suppressed after a"
            f" {entry['Reason'].lower()}, {entry['LastUpdateTime']:%Y-%m-%d}",
            "Repair the mailbox, then remove it from the list: SES console, Suppression list.",
        )
    if free:
        yield ok(f"{free} of {len(examination.recipients)} recipients are not on it")


def _unverified(examination: Examination) -> Iterator[Finding]:
    for address in examination.recipients:
        _, identity = _identity(examination, address)
        if identity is None or not identity.get("VerifiedForSendingStatus"):
            yield problem(
                f"{examination.name_of(address)} is not verified, so that the sandbox refuses it",
                "aws sesv2 create-email-identity --email-identity ADDRESS, then open the link that"
                " was mailed there.",
            )


def _identity(
    examination: Examination, address: str
) -> "tuple[str, GetEmailIdentityResponseTypeDef | None]":
    client = examination.stack.session.client("sesv2")
    labels = address.rpartition("@")[2].split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    for name in (address, *domains):
        try:
            return name, client.get_email_identity(EmailIdentity=name)
        except ClientError as error:
            if not is_not_there(error):
                raise
    return address, None


def _dkim(name: str, identity: "GetEmailIdentityResponseTypeDef") -> Finding:
    dkim = identity.get("DkimAttributes", {})
    if dkim.get("SigningEnabled") and dkim.get("Status") == "SUCCESS":
        return ok(f"DKIM signs for {name}")
    return warning(
        f"DKIM does not sign for {name}: {dkim.get('Status', 'not set up')}",
        "Verify the domain with its three DKIM records. Unsigned mail often ends as spam.",
    )


def _mail_from(name: str, identity: "GetEmailIdentityResponseTypeDef") -> Finding:
    mail_from = identity.get("MailFromAttributes", {})
    domain = mail_from.get("MailFromDomain")
    if not domain:
        return warning(
            f"{name} has no MAIL FROM domain of its own",
            "Set one in the SES console (Custom MAIL FROM domain), so that SPF speaks for you too.",
        )
    if mail_from.get("MailFromDomainStatus") == "SUCCESS":
        return ok(f"MAIL FROM is {domain}")
    seen = f"the MAIL FROM domain {domain} is {mail_from.get('MailFromDomainStatus')}"
    to_do = "Check its MX and TXT records in DNS; the SES console shows them."
    if mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE":
        return problem(f"{seen}, and mail without it is refused", to_do)
    return warning(seen, to_do)
