"""Somebody who uses the form, by what the page says and not by how it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Response

from tests.end_to_end.deployment import Deployment

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Words:
    """What is on the page in one language."""

    name: str
    call: str
    phone: str
    adult: str
    yes: str
    consent: str
    understood: str
    send: str
    problem: str
    received: str
    unsent: str


ENGLISH = Words(
    name="Your name",
    call="Phone call",
    phone="Phone number",
    adult="Are you 18 or older?",
    yes="Yes",
    consent="may contact me about a consultation",
    understood="not for emergencies",
    send="Send my request",
    problem="There is a problem",
    received="We have your request",
    unsent="Your request could not be sent",
)
SPANISH = Words(
    name="Su nombre",
    call="Llamada",
    phone="Número de teléfono",
    adult="¿Tiene 18 años o más?",
    yes="Sí",
    consent="puede comunicarse conmigo",
    understood="no es para emergencias",
    send="Enviar mi solicitud",
    problem="Hay un problema",
    received="Tenemos su solicitud",
    unsent="No se pudo enviar su solicitud",
)


@dataclass(frozen=True)
class Person:
    """A person in front of one page."""

    page: Page
    deployment: Deployment
    words: Words = ENGLISH

    def open_form(self, query: str = "") -> Response | None:
        """Go to the hosted form."""
        return self.page.goto(self.deployment.stack.form_url + query)

    def fill_in(self, name: str) -> None:
        """Answer all that has to be answered."""
        self.page.get_by_label(self.words.name).fill(name)
        self.page.get_by_label(self.words.call, exact=True).check()
        self.page.get_by_label(self.words.phone).fill("(480) 555-0123")
        self.page.get_by_label("Mesa").check()
        self.page.get_by_role("group", name=self.words.adult).get_by_label(
            self.words.yes, exact=True
        ).check()
        self.page.get_by_label(self.words.consent).first.check()
        self.page.get_by_label(self.words.understood).check()

    def send(self) -> None:
        """Press the button."""
        self.send_button.click()

    @property
    def send_button(self) -> Locator:
        """The button that sends."""
        return self.page.get_by_role("button", name=self.words.send)

    @property
    def summary(self) -> Locator:
        """What is said above the form when something is wrong."""
        return self.page.get_by_role("alert")

    def sees_confirmation(self) -> str:
        """Wait for the confirmation; the reference on it."""
        self.page.get_by_role("heading", name=self.words.received).wait_for()
        return self.page.locator(".reference").inner_text()

    def sees_summary(self, heading: str | None = None) -> None:
        """Wait for a summary of what is wrong, which has the focus."""
        self.summary.get_by_role("heading", name=heading or self.words.problem).wait_for()
        assert "summary" in self.focused()["class"]

    def focused(self) -> Mapping[str, Any]:
        """The element that has the focus, inside of shadow roots too."""
        found: Mapping[str, Any] = self.page.evaluate(
            """() => {
                let element = document.activeElement;
                while (element.shadowRoot) element = element.shadowRoot.activeElement;
                return {id: element.id, class: element.className, tag: element.localName};
            }"""
        )
        return found

    def stored(self, name: str) -> list[dict[str, Any]]:
        """What the clinic has from the person with this name."""
        return self.deployment.items_of(name)

    def barriers(self) -> list[str]:
        """What axe finds on the page, in light and in dark."""
        found = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            options = {"runOnly": RULES, "resultTypes": ["violations"]}
            for violation in Axe().run(self.page, options=options).response["violations"]:
                targets = [node["target"] for node in violation["nodes"]]
                found.append(f"{scheme}: {violation['id']} at {targets}")
        return found

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width
