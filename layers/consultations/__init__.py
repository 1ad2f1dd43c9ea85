"""Everything the functions share: from the posted form to the staff alert."""
