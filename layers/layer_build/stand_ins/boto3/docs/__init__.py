"""Stands in for what writes the documentation of resources, which no function uses."""
