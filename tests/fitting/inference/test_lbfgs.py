"""The curvature that L-BFGS learns on the way."""

import numpy as np

from fitting.inference.lbfgs import MEMORY, Memory

BOWL = np.array([[30.0, 20.0, 0.0], [20.0, 15.0, 0.1], [0.0, 0.1, 400.0]])
GUESS = np.diag([4.0, 4.0, 300.0])  # nowhere five times the true one: the slope always changes enough


def walk(count, rng):
    """Places and slopes in the bowl, and the memory before the first step and after each."""
    places = np.cumsum(rng.normal(size=(count + 1, 3)), axis=0)
    memories = [Memory.begin(GUESS, places[0], BOWL @ places[0])]
    for x in places[1:]:
        memories.append(memories[-1].after(x, BOWL @ x))
    return places, memories


def bfgs(curvature, step, change):
    """The update of the curvature itself (Nocedal & Wright 2006, eq. 6.19)."""
    along = curvature @ step
    return curvature - np.outer(along, along) / (step @ along) + np.outer(change, change) / (step @ change)


def test_it_begins_with_what_is_known_and_learns_by_bfgs():
    places, memories = walk(MEMORY, np.random.default_rng(0))
    expected = GUESS
    for k, step in enumerate(np.diff(places, axis=0)):
        np.testing.assert_allclose(memories[k].curvature, expected, rtol=1e-6, atol=1e-6)
        expected = bfgs(expected, step, BOWL @ step)
    np.testing.assert_allclose(memories[-1].curvature, expected, rtol=1e-6, atol=1e-6)


def test_a_slope_that_falls_along_a_step_leaves_the_curvature_positive():
    x, step = np.zeros(3), np.array([1.0, 0.0, 0.0])
    learnt = Memory.begin(GUESS, x, step).after(x + step, -5.0 * step).curvature
    assert np.linalg.eigvalsh(learnt)[0] > 0.0
    assert np.isclose(step @ learnt @ step, 0.2 * step @ GUESS @ step)
