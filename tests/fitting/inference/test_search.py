"""The search for a minimum: what it finds, what it costs, and when it says that it has converged."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from fitting.inference.abreast import abreast, in_turn
from fitting.inference.search import ENOUGH, minimise


class Toy(eqx.Module):
    """−ln p as a named function of parameters with uniform priors from −2 to 2 and the same Jacobian as a posterior."""

    shape: str = eqx.field(static=True)
    paths: tuple[str, ...] = eqx.field(static=True)

    def prior(self, path):
        return dist.Uniform(-2.0, 2.0)

    def values(self, vector):
        return 4.0 / (1.0 + jnp.exp(-vector)) - 2.0

    def potential(self, vector, jacobian=1.0):
        x = self.values(vector)
        volume = jnp.sum(jnp.log(4.0) - vector - 2.0 * jnp.log1p(jnp.exp(-vector)))
        return SHAPES[self.shape](x) - jacobian * volume


MIDDLE = jnp.array([0.3, -0.5, 1.1])
TILT = jnp.array([[30.0, 20.0, 0.0], [20.0, 15.0, 0.1], [0.0, 0.1, 400.0]])

SHAPES = {
    "bowl": lambda x: 0.5 * (x - MIDDLE) @ TILT @ (x - MIDDLE),
    # Rosenbrock's valley: its floor falls by 0.1 over the whole prior.
    "valley": lambda x: 0.05 * (1.0 - x[0]) ** 2 + 500.0 * (x[1] - x[0] ** 2 + 0.5) ** 2,
    "end": lambda x: 3.0 * x[0] + 8.0 * (x[1] - 0.2 * x[0]) ** 2,
    "two": lambda x: 20.0 * (x[0] ** 2 - 1.0) ** 2 + 2.0 * x[0] + 5.0 * (x[1] - 0.3) ** 2,
    "saddle": lambda x: (x[0] ** 2 - 1.0) ** 2 + x[1] ** 2,
    "crease": lambda x: 300.0 * jnp.abs(x[0] - x[1]) + 0.5 * (x[0] + x[1] - 1.0) ** 2,
    "hole": lambda x: jnp.where(x[0] > 1.5, jnp.nan, 1.0) * (2.0 * x[0] ** 2 + x[1] ** 2),
}


def found(shape, starts, jacobian=0.0, **options):
    starts = np.asarray(starts, float)
    toy = Toy(shape, tuple("abc"[: starts.shape[1]]))
    walks = minimise(toy, starts, jacobian, **options)
    return walks, np.asarray(toy.values(walks[0].vector))


def spread(size, count=6):
    return np.random.default_rng(0).normal(size=(count, size))


def test_a_bowl_is_found_and_its_curvature_is_exact():
    walks, x = found("bowl", spread(3))
    np.testing.assert_allclose(x, MIDDLE, atol=1e-3)
    assert walks[0].converged
    # Coordinates of a search have unit width: 4/√12 of the toy's.
    np.testing.assert_allclose(walks[0].curvature, TILT * 16.0 / 12.0, rtol=1e-4, atol=1e-3)


def test_a_bent_valley_is_followed_to_its_end():
    walks, x = found("valley", spread(2))
    assert walks[0].converged
    assert walks[0].value < 1e-3
    np.testing.assert_allclose(x, [1.0, 0.5], atol=0.15)


def test_a_search_that_is_stopped_early_has_not_converged():
    start = [[-1.5, 0.2]]
    walks, _ = found("valley", start, rounds=0)
    assert not walks[0].converged
    assert walks[0].value > 10.0 * ENOUGH
    assert found("valley", start)[0][0].converged


def test_searches_abreast_find_what_they_find_in_turn():
    asked = []

    def slopes(points):
        asked.append(len(points))
        return np.sum(points**2, axis=1), 2.0 * points

    def search(ask, start):
        x = np.asarray(start, float)
        for _ in range(int(abs(start[0]))):
            x = x - 0.3 * ask(x[None])[1][0]
        return x

    starts = [np.array([size, -size]) for size in (1.0, 4.0, 2.0)]
    alone = in_turn(slopes, search, starts)
    asked.clear()
    together = abreast(slopes, search, starts)
    np.testing.assert_array_equal(together, alone)
    assert asked == [3, 2, 1, 1], "those that go on are answered together"


def test_an_error_in_one_search_ends_all():
    def search(ask, start):
        ask(np.zeros((1, 1)))
        if start:
            raise ZeroDivisionError
        ask(np.zeros((1, 1)))

    with pytest.raises(ZeroDivisionError):
        abreast(lambda points: (points[:, 0], points), search, [0, 1, 0])


def test_a_minimum_at_the_end_of_a_prior_is_one():
    walks, x = found("end", spread(2))
    assert walks[0].converged
    np.testing.assert_allclose(x, [-2.0, -0.4], atol=1e-4)
    assert list(walks[0].free) == [False, True]
    # Per unit of the unbounded space the density vanishes at the ends, and the minimum lies inside.
    walks, x = found("end", spread(2), jacobian=1.0)
    assert walks[0].converged
    assert walks[0].free.all()
    assert -1.9 < x[0] < -1.0


def test_the_deeper_of_two_minima_is_chosen_and_the_other_is_kept():
    walks, x = found("two", [[1.5, 0.0], [-0.9, 0.3], [0.8, -0.5], [-2.0, 1.0]])
    assert x[0] == pytest.approx(-1.012, abs=0.005)
    assert walks[0].converged
    assert any(walk.converged and np.asarray(walk.x)[0] > 0.5 for walk in walks)


def test_a_saddle_is_no_minimum():
    walks, x = found("saddle", [[0.0, 0.3]])
    assert walks[0].converged
    assert abs(x[0]) == pytest.approx(1.0, abs=0.01)


def test_a_minimum_in_a_crease_is_not_vouched_for():
    """No curvature tells there whether another step would gain."""
    for start in spread(2):
        walks, _ = found("crease", start[None])
        assert walks[0].value < 1.0
        assert not walks[0].converged


def test_a_start_without_a_density_moves_towards_the_middle():
    walks, x = found("hole", [[2.9, 1.0]])
    assert walks[0].converged
    np.testing.assert_allclose(x, 0.0, atol=0.01)
