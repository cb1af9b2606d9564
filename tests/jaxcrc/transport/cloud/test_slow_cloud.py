"""Derivatives of clouds in every mode and batch, and of the radius of release."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import Resolution, escape, half_life, solve_cloud
from jaxcrc.source.remnant import Remnant
from jaxcrc.transport.cloud.escapes import release_point
from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.population import make_cloud
from tests.jaxcrc.transport.cloud.clouds import numbers

pytestmark = pytest.mark.slow


def test_derivatives_of_a_large_batch_equal_those_of_a_small_one():
    rng = np.random.default_rng(2)
    columns = [10.0 ** rng.uniform(low, high, 128) for low, high in ((0, 5), (-3, -1), (0, 4), (0, 4))]
    gradient = jax.jit(jax.grad(lambda n: jnp.sum(scaled_half_life(n).time)))
    large, small = gradient(numbers(*columns)), gradient(numbers(*(c[[5, 70, 127]] for c in columns)))
    for x, y in zip(jax.tree.leaves(large), jax.tree.leaves(small), strict=True):
        np.testing.assert_allclose(x[jnp.array([5, 70, 127])], y, rtol=1e-8)


def test_profiles_are_differentiable_in_both_modes():
    resolution = Resolution(cells=40, steps=80, after=10, sweeps=4)

    def late(index):
        solution = solve_cloud("wim", 10.0, 100.0, index=index, resolution=resolution)
        return jnp.log(solution.pressure[-1, 30])

    h = 1e-5
    difference = (late(2.2 + h) - late(2.2 - h)) / (2 * h)
    assert float(jax.grad(late)(2.2)) == pytest.approx(float(difference), rel=1e-5)
    assert float(jax.jacfwd(late)(2.2)) == pytest.approx(float(difference), rel=1e-5)


def test_escape_and_its_derivative():
    """A2 at 1 TeV without advection: HISM, L = 100 pc, adiabatic remnant in n = 0.01: 33.4 pc, 12.2 kyr."""
    remnant = Remnant(density=0.01, radiative=False)
    options = {"remnant": remnant, "injection_scale": 100.0, "advection": False}
    found = escape("hism", 1000.0, **options)
    assert float(found.radius) == pytest.approx(33.4, rel=3e-3)
    assert float(found.time) == pytest.approx(12.2, rel=3e-3)
    half = half_life("hism", found.radius, 1000.0, injection_scale=100.0, advection=False)
    assert float(half) == pytest.approx(float(found.time), rel=1e-6)

    def radius(released):
        return escape("hism", 1000.0, released_energy=released, **options).radius

    h = 1e-4
    difference = (radius(1.0 + h) - radius(1.0 - h)) / (2 * h)
    assert float(jax.grad(radius)(1.0)) == pytest.approx(float(difference), rel=1e-4)
    assert float(jax.jacfwd(radius)(1.0)) == pytest.approx(float(difference), rel=1e-4)


@pytest.mark.parametrize("values", [(3e4, 0.02, 5e3, 1e3), (5.0, 0.0, 0.0, 0.0)])
def test_both_modes_agree(values):
    def time(x):
        return scaled_half_life(numbers(*x)).time

    reverse, forward = jax.jit(jax.grad(time))(jnp.array(values)), jax.jit(jax.jacfwd(time))(jnp.array(values))
    np.testing.assert_allclose(reverse, forward, rtol=1e-12)


def test_batched_derivatives_equal_those_of_one_cloud():
    def log_time(x):
        return jnp.log(half_life("wim", x[0], 30.0, index=x[1], released_energy=x[2]))

    many = jnp.array([[8.0, 2.2, 1.0], [20.0, 2.4, 3.0]])
    batched = jax.jit(jax.vmap(jax.value_and_grad(log_time)))(many)
    for k in range(2):
        value, slope = jax.jit(jax.value_and_grad(log_time))(many[k])
        np.testing.assert_allclose(batched[0][k], value, rtol=1e-10)
        np.testing.assert_allclose(batched[1][k], slope, rtol=1e-7)


@pytest.mark.parametrize("release", ["halflife", "sudden"])
def test_releases_inside_a_fit_are_those_of_escape(release):
    """To 1e-5, with derivatives equal to differences to 1e-4."""
    energy = jnp.array([30.0, 1e3, 3e4])

    def radii(released):
        cloud = make_cloud("wim", released_energy=released)
        return release_point(cloud, energy, Remnant(density=0.35), release, (1.0, 300.0))[0]

    run = jax.jit(radii)
    found = escape("wim", energy, remnant=Remnant(density=0.35), release=release)
    np.testing.assert_allclose(run(1.0), found.radius, rtol=1e-5)
    slope, h = jax.jit(jax.jacrev(radii))(1.0), 1e-4
    np.testing.assert_allclose(slope, (run(1.0 + h) - run(1.0 - h)) / (2 * h), rtol=1e-4, atol=1e-6)
