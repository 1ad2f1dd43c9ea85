"""Where a person in danger finds help at once. It stands on the form and on every outcome."""

from consultations.language import N_, Translate

EMERGENCY = N_("In an emergency, call {emergency} or go to the nearest emergency room.")
LIFELINE = N_(
    "If you are thinking about harming yourself, call or text {lifeline}, "
    "or chat at {chat}. Veterans: press 1."
)
EMERGENCY_NUMBER = "911"
LIFELINE_NUMBER = "988"
LIFELINE_SITE = "988lifeline.org"


def crisis_text(translate: Translate) -> str:
    """The crisis text as plain sentences."""
    return f"{translate(EMERGENCY)} {translate(LIFELINE)}".format(
        emergency=EMERGENCY_NUMBER, lifeline=LIFELINE_NUMBER, chat=LIFELINE_SITE
    )
