"""Monotone cubics against SciPy's, and their bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from jaxcrc.numerics.interpolate import monotone_cubic


@pytest.mark.slow
def test_inner_intervals_are_those_of_scipy_and_nothing_overshoots():
    rng = np.random.default_rng(3)
    x, y = np.sort(rng.uniform(0.0, 10.0, 15)), np.cumsum(rng.uniform(-0.3, 1.0, 15))
    at = np.linspace(x[1], x[-2], 300)
    np.testing.assert_allclose(monotone_cubic(jnp.array(x), jnp.array(y), jnp.array(at)), PchipInterpolator(x, y)(at))
    step = monotone_cubic(jnp.arange(6.0), jnp.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), jnp.linspace(-1.0, 7.0, 200))
    assert float(step.min()) >= 0.0
    assert float(step.max()) <= 1.0
    slope = jax.vmap(jax.grad(monotone_cubic, argnums=2), (None, None, 0))(jnp.array(x), jnp.array(y), jnp.array(at))
    assert bool(jnp.all(jnp.isfinite(slope)))
