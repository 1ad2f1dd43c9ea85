"""The choices of the form in the person's words; what may be chosen is in consultation_request."""

from collections.abc import Mapping

from consultations.consultation_request import (
    BestTime,
    Interest,
    PreferredContact,
    ReferralSource,
)
from consultations.language import N_

PREFERRED_CONTACT: Mapping[PreferredContact, str] = {
    "call": N_("Phone call"),
    "text": N_("Text message"),
    "email": N_("Email"),
}
BEST_TIME: Mapping[BestTime, str] = {
    "morning": N_("Morning"),
    "afternoon": N_("Afternoon"),
    "evening": N_("Evening"),
    "any": N_("Any time"),
}
INTERESTS: Mapping[Interest, str] = {
    "depression": N_("Depression"),
    "anxiety": N_("Anxiety"),
    "ptsd": N_("PTSD"),
    "other_mood": N_("Another mood disorder"),
    "chronic_pain": N_("Chronic pain"),
    "crps": N_("CRPS (complex regional pain syndrome)"),
    "something_else": N_("Something else"),
    "prefer_to_discuss": N_("I would rather talk about it in person"),
}
REFERRAL_SOURCE: Mapping[ReferralSource, str] = {
    "search": N_("A web search"),
    "doctor_or_therapist": N_("My doctor or therapist"),
    "friend_or_family": N_("A friend or my family"),
    "social_media": N_("Social media"),
    "insurance": N_("My insurance"),
    "other": N_("Another way"),
}
