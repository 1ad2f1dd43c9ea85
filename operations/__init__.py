"""What an engineer runs against a deployed stack. Nothing here is part of the functions."""
