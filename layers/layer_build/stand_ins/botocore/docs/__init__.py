"""Stands in for what writes the documentation of clients."""
