"""Builds what the layer holds: small, compiled ahead, the same bytes each time.

Runs on whatever Python the engineer has, from 3.11, with nothing but its standard library.
"""
