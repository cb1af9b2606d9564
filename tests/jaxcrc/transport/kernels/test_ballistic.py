"""A constant source between straight flight and diffusion: its number, the exact stationary flights, random ones."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from jaxcrc.transport.ballistic import ballistic_profile
from jaxcrc.transport.kernels.ballistic import ballistic_burst, ballistic_continuous
from jaxcrc.transport.kernels.spherical import continuous_point
from jaxcrc.units import LIGHT_SPEED

KAPPA = LIGHT_SPEED / 3.0  # mean free path 1 pc
DENSITY = jax.jit(ballistic_continuous)
NODE, WEIGHT = np.polynomial.legendre.leggauss(24)


def shells(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radii and volumes of quadrature between each two neighbouring edges."""
    half = 0.5 * np.diff(edges)[:, None]
    radius = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * NODE
    return radius, 4.0 * np.pi * radius**2 * half * WEIGHT


def test_no_particle_is_lost_or_made_at_any_age():
    end = np.concatenate([[0.0], np.geomspace(1e-4, 0.5, 25), 1.0 - np.geomspace(0.5, 1e-6, 25)[1:], [1.0]])
    radius, volume = shells(end)
    age = np.geomspace(1e-4, 1e6, 221)[:, None, None]  # in mean free paths
    held = np.sum(volume * age**3 * np.asarray(DENSITY(radius * age, age / LIGHT_SPEED, KAPPA)), axis=(1, 2))
    np.testing.assert_allclose(held * LIGHT_SPEED / age.ravel(), 1.0, rtol=1e-6)


def stationary(radius: float) -> float:
    """Density of random flights around a point, per particle and mean free path of flight: exact.

    Case, de Hoffmann & Placzek 1953, Introduction to the Theory of Neutron Diffusion, without absorption.
    """

    def decay(v: float) -> float:
        return np.exp(-radius / v) / v**2 / ((1.0 - v * np.arctanh(v)) ** 2 + (0.5 * np.pi * v) ** 2)

    parts = [quad(decay, low, high, epsrel=1e-9, limit=300)[0] for low, high in ((0.0, 0.5), (0.5, 1.0))]
    return (3.0 + sum(parts)) / (4.0 * np.pi * radius)


def test_old_sources_are_the_exact_flights():
    radius = np.geomspace(0.02, 300.0, 40)
    got = LIGHT_SPEED * np.asarray(DENSITY(radius, 1e12, KAPPA))
    np.testing.assert_allclose(got, [stationary(r) for r in radius], rtol=5e-3)


def test_far_from_the_source_they_diffuse():
    radius = np.geomspace(30.0, 3e3, 200)
    for age in (3e4, 1e7):
        diffusion = np.asarray(continuous_point(radius, age / LIGHT_SPEED, KAPPA))
        seen = diffusion > 1e-4 * np.asarray(continuous_point(radius, 1e30, KAPPA))
        np.testing.assert_allclose(
            np.asarray(DENSITY(radius, age / LIGHT_SPEED, KAPPA))[seen], diffusion[seen], rtol=5e-3
        )


@pytest.mark.slow
def test_the_table_for_many_nodes_is_the_density():
    kappa, radius = jnp.geomspace(1e-2, 1e5, 12), jnp.geomspace(1e-3, 1e5, 600)
    for time in (0.01, 30.0, 1e3):
        direct = np.asarray(DENSITY(radius[None, :], time, kappa[:, None]))
        table = np.asarray(ballistic_profile(radius, jnp.asarray(time), kappa))
        within = np.asarray((radius**2 < 12.0 * kappa[:, None] * time) & (radius < LIGHT_SPEED * time))
        np.testing.assert_allclose(table[within], direct[within], rtol=5e-5)
        assert np.all(table[:, radius >= LIGHT_SPEED * time] == 0.0)


@pytest.mark.slow
def test_slopes_match_differences_over_the_whole_range():
    rng = np.random.default_rng(2)
    depth, share = 10.0 ** rng.uniform([[-3.0], [-4.0]], [[2.0], [-0.02]], (2, 240))
    radius, time, kappa = depth, depth / share / LIGHT_SPEED, np.full_like(depth, KAPPA)
    arguments = (radius, time, kappa)
    slopes = jax.jit(jax.vmap(jax.grad(ballistic_continuous, argnums=(0, 1, 2))))(*arguments)
    value = np.asarray(DENSITY(*arguments))
    seen = value > 1e-12 * np.asarray(DENSITY(radius, 1e12, kappa))
    assert seen.sum() > 150
    for i, slope in enumerate(slopes):
        high, low = (DENSITY(*[v * (1.0 + s) if j == i else v for j, v in enumerate(arguments)]) for s in (1e-5, -1e-5))
        found, expected = np.asarray(slope) * arguments[i] / value, np.asarray(high - low) / 2e-5 / value
        np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-4, atol=1e-6)


def flights(age: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Distances that particles of these ages have come [mean free paths] that scatter isotropically."""
    place, left, flying = np.zeros((age.size, 3)), age.copy(), np.arange(age.size)
    while flying.size:
        step = np.minimum(rng.exponential(size=flying.size), left[flying])
        along, turn = rng.uniform(-1.0, 1.0, flying.size), rng.uniform(0.0, 2.0 * np.pi, flying.size)
        across = np.sqrt(1.0 - along**2)
        place[flying] += step[:, None] * np.stack([across * np.cos(turn), across * np.sin(turn), along], axis=1)
        left[flying] -= step
        flying = flying[left[flying] > 0.0]
    return np.linalg.norm(place, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(("age", "count"), [(0.5, 400_000), (3.0, 400_000), (20.0, 400_000), (300.0, 150_000)])
def test_random_flights_of_a_constant_source(age, count):
    rng = np.random.default_rng(5)
    edges = np.geomspace(0.1, min(30.0, 0.98 * age), 13)
    found, _ = np.histogram(flights(age * (np.arange(count) + rng.uniform(size=count)) / count, rng), edges)
    radius, volume = shells(edges)
    density = count * LIGHT_SPEED / age * np.asarray(DENSITY(radius, age / LIGHT_SPEED, KAPPA))
    expected = np.sum(volume * density, axis=1)
    seen = expected > 500
    assert seen.sum() >= 7
    np.testing.assert_allclose(found[seen], expected[seen], rtol=0.1)
    np.testing.assert_allclose(found[seen].sum(), expected[seen].sum(), rtol=0.02)


@pytest.mark.slow
def test_a_burst_is_as_good_as_its_docstring_says():
    rng = np.random.default_rng(6)
    for age, low, high, worst in ((30.0, 0.0, 0.36, 0.06), (10.0, 0.0, 0.5, 0.13)):
        edges = np.linspace(low, high, 7) * age
        found, _ = np.histogram(flights(np.full(300_000, age), rng), edges)
        radius, volume = shells(edges)
        expected = np.sum(volume * np.asarray(ballistic_burst(radius, age / LIGHT_SPEED, KAPPA)), axis=1) * 300_000
        np.testing.assert_allclose(found[1:], expected[1:], rtol=worst)
