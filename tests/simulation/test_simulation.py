"""Promises 1, 2 and 3 hold in some hundred random histories; `make simulate` runs more."""

from tests.simulation.history import Histories
from tests.simulation.settings import history_settings

TestHistories = Histories.TestCase
TestHistories.settings = history_settings(200)
