"""Problems that many tests share, compiled once."""

import pytest

import fitting
from tests.fitting.halos import mock_halo


@pytest.fixture(scope="session")
def burst() -> fitting.Problem:
    return mock_halo("burst", 1)


@pytest.fixture(scope="session")
def w28() -> fitting.Problem:
    return fitting.load("w28")
