from pathlib import Path

import pytest

from consultations.clinic import CLINIC_FILE, ClinicError, load_clinic

VALID = CLINIC_FILE.read_text(encoding="utf-8")


def mistakes(tmp_path: Path, old: str, new: str) -> str:
    assert old in VALID
    file = tmp_path / "clinic.toml"
    file.write_text(VALID.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ClinicError) as mistake:
        load_clinic(file)
    return str(mistake.value)


def test_the_clinic_of_the_repository_is_valid_and_fictional() -> None:
    clinic = load_clinic()

    assert len(clinic.locations) == 3
    addresses = [clinic.reply_to, *clinic.staff]
    for location in clinic.locations.values():
        addresses += location.staff
    assert all(address.endswith("@example.com") for address in addresses)
    assert "555-01" in clinic.phone


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ('time_zone = "America/Denver"', 'time_zone = "Mountain"', "locations.albuquerque.time_zo"),
        ('"mesa-manager@example.com"', '"mesa-manager"', "locations.mesa.staff.1"),
        (', "mesa-manager@example.com"', "", "locations.mesa.staff"),
        ('phone = "+1 480-555-0100"', 'phone = "480"', "phone"),
        ('name = "San Diego"', 'name = "San Diego by the very wide sea"', "san_diego.name"),
        ('version = "2026-11"', "version = 202611", "wording.consent_to_contact.version"),
        ('hours = { en = "Tue', 'opening = { en = "Tue', "locations.san_diego.hours"),
        (', es = "un día hábil"', "", "replies_within: needs a text for each language: en, es"),
        ('es = "Entiendo', 'fr = "Entiendo', "wording.ack_not_emergency.text.fr"),
        ("[locations.mesa]", "[locations.not_sure]", "locations"),
        ('name = "Saguaro Bloom Clinic"', "name = ", "line 5"),
    ],
)
def test_a_mistake_is_told_by_its_entry(tmp_path: Path, old: str, new: str, entry: str) -> None:
    told = mistakes(tmp_path, old, new)

    assert "clinic.toml" in told
    assert entry in told


def test_a_location_that_is_gone_is_answered_by_the_clinic_itself() -> None:
    clinic = load_clinic()

    assert clinic.location("closed_last_year").staff == clinic.staff
