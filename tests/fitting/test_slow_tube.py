"""The shipped case of a cosmic-ray cloud gives back what it was made of."""

import pytest

import fitting

pytestmark = pytest.mark.slow


def test_map_of_the_demo_tube_is_the_truth():
    """Within three of its own errors; `benchmarks/tube.py` samples it too."""
    problem = fitting.load("tube")
    best = fitting.find_map(problem)
    for path, truth in problem.tables["giant"].truth.items():
        assert abs(best.values[path] - truth) < 3.0 * best.errors[path], path
        assert best.errors[path] < 0.5, path
