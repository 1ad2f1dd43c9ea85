"""Telling staff what is held back as spam."""

from consultations.repository import ConsultationRepository
from consultations.staff_mail import StaffMail


def summarise_held(consultations: ConsultationRepository, mail: StaffMail) -> int:
    """Mail staff about the requests held back since the last summary, and say how many.

    Raises NotSentError, and then the next summary names them all.
    """
    held = list(consultations.held_requests())
    if held:
        mail.send_held_summary(held)
    for entry in held:
        consultations.mark_summarised(entry.id)
    return len(held)
