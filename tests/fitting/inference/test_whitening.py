"""Coordinates for a sampler: one to one, volume-keeping, and nearly Gaussian where a ridge is curved."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fitting.inference.slopes import potential_slopes
from fitting.inference.whitening import Whitening, whitening


def start(problem):
    """The coordinates found from the scene's own values."""
    return whitening(problem, np.asarray(problem.posterior.unconstrain(problem.start()))[None])


@pytest.fixture(scope="module")
def whitened(burst):
    return start(burst)


def test_volume_is_kept_everywhere(whitened):
    points = jax.random.normal(jax.random.key(0), (20, whitened.centre.size))
    signs, volumes = jnp.linalg.slogdet(jax.vmap(jax.jacfwd(whitened))(points))
    np.testing.assert_allclose(volumes, jnp.linalg.slogdet(whitened.factor)[1], rtol=1e-12)
    assert len(set(np.asarray(signs))) == 1


def test_the_ridge_of_a_halo_is_followed(burst, whitened):
    """Gaussian draws in u, weighted by the true density: an efficiency of 1 would be a Gaussian posterior."""
    u = jax.random.normal(jax.random.key(1), (400, whitened.centre.size))

    def efficiency(coordinates):
        values, _ = potential_slopes(burst.posterior, np.asarray(jax.vmap(coordinates)(u)), 1.0)
        log_weight = 0.5 * np.sum(np.asarray(u) ** 2, axis=1) - values
        weight = np.exp(log_weight - log_weight.max())
        return weight.sum() ** 2 / np.sum(weight**2) / len(weight)

    none = (jnp.zeros_like(whitened.bend), jnp.zeros_like(whitened.twist))
    straight = Whitening(whitened.centre, whitened.factor, *none)
    assert np.any(np.asarray(whitened.bend) != 0.0)
    assert efficiency(whitened) > 0.8
    assert efficiency(straight) < 0.5


@pytest.mark.slow
def test_a_ridge_that_does_not_bend_quadratically_is_left_straight(w28):
    assert not np.any(np.asarray(start(w28).bend))
