"""A subsample of `benchmarks/cloud_accuracy.py`: resolution over the range of use, and random clouds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import Resolution
from jaxcrc.medium.phases import PHASES
from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.population import make_cloud
from tests.jaxcrc.transport.cloud.clouds import numbers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sample():
    """All phases, advection on and off, 3-80 pc, 10 GeV-10 TeV."""
    radius, energy = (jnp.ravel(x) for x in jnp.meshgrid(jnp.array([3.0, 13.0, 80.0]), jnp.array([10.0, 300.0, 1e4])))
    parts = [
        make_cloud(name, advection=a, injection_scale=100.0 if name == "hism" else 50.0).numbers(radius, energy)[0]
        for name in PHASES
        for a in (True, False)
    ]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *parts)


def test_resolution(sample):
    """0.5 % from four times the cells and steps; 0.1 % from twice the sweeps and a first step ten times smaller;
    float32 1e-4 from float64.
    """
    solve = jax.jit(scaled_half_life, static_argnums=1)
    default = solve(sample, Resolution()).time
    fine = solve(sample, Resolution(cells=432, steps=1000, growth=1.6**0.25)).time
    np.testing.assert_allclose(default, fine, rtol=5e-3)
    np.testing.assert_allclose(default, solve(sample, Resolution(sweeps=4, first_step=1e-9)).time, rtol=1e-3)
    single = solve(jax.tree.map(lambda x: x.astype(jnp.float32), sample), Resolution()).time
    np.testing.assert_allclose(single, default, rtol=1e-4)


def test_random_clouds():
    """Π from 1e-3 to 1e6, v to 10, γ and ν to 1e6: no NaN in value or gradient."""
    rng = np.random.default_rng(0)
    ranges = ((-3.0, 6.0), (-5.0, 1.0), (-4.0, 6.0), (-4.0, 7.0))
    columns = [10.0 ** rng.uniform(*r, 512) for r in ranges]

    @jax.jit
    def both(n):
        return scaled_half_life(n), jax.grad(lambda n: jnp.sum(scaled_half_life(n).time))(n)

    result, slope = both(numbers(*columns))
    for x in (result.time, *jax.tree.leaves(slope)):
        assert bool(jnp.all(jnp.isfinite(x)))
    assert float(jnp.mean(result.reached)) > 0.99
