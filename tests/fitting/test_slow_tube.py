"""The shipped case of a cosmic-ray cloud gives back what it was made of."""

import numpy as np
import pytest

import fitting
from fitting import optimize
from tests.fitting.test_tube import rings

pytestmark = pytest.mark.slow


def test_rings_and_points_see_the_same_gas():
    """Exactly across the tube, or at points of the sky through a narrow PSF that do not resolve its edge: 15 %."""
    exact, blurred = (np.asarray(rings(**extra).predict().tables["rings"][0]) for extra in ({}, {"psf": "0.02 deg"}))
    assert blurred == pytest.approx(exact, rel=0.15)
    assert float(exact[0]) > float(exact[1]) > 0.0


def test_map_of_the_demo_tube_is_the_truth(monkeypatch):
    """Within three of its own errors, from a single start away from the truth; `benchmarks/tube.py` samples it too."""
    monkeypatch.setattr(optimize, "STARTS", 1)
    problem = fitting.load("tube")
    away = {
        path: float(value) + shift
        for (path, value), shift in zip(problem.start().items(), (0.3, -0.1, 0.3), strict=True)
    }
    best = fitting.find_map(problem.at(away))
    for path, truth in problem.tables["giant"].truth.items():
        assert abs(best.values[path] - truth) < 3.0 * best.errors[path], path
        assert best.errors[path] < 0.5, path
