"""Cosmic rays around an axis, however thin: against adaptive quadrature, and against particles that are counted."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, ndtri
from scipy.stats import ncx2, qmc

from jaxcrc import Continuous
from jaxcrc.observe.chords import Rectangle, Rings, gaussian_in_disc
from jaxcrc.transport.along import Spreading, axis
from jaxcrc.transport.tied import Tied

INNER, OUTER = np.array([0.0, 5.0, 12.0]), np.array([5.0, 12.0, 20.0])
AGE = 10.0
HALF, ANGLE = np.array([6.0, 2.0]), 0.7

seen = jax.jit(lambda field, cut, blur: field.seen(cut, blur)[0])
within = jax.jit(lambda field, shape, centre, size: field.inside(shape, centre, size)[0], static_argnums=1)


def field(kind, kappa, slant, turn, history=None, **law):
    law = {name: jnp.asarray(value) for name, value in law.items()}
    given = {"kappa": jnp.atleast_1d(kappa), "slant": jnp.asarray(slant), "turn": jnp.asarray(turn)}
    return kind(
        amplitude=jnp.ones(1),
        time=jnp.asarray(AGE),
        history=history,
        status=jnp.zeros((), int),
        feeds=jnp.ones(1, bool),
        **given,
        **law,
    )


def rings(centre):
    return Rings(centre=jnp.asarray(centre), inner=jnp.asarray(INNER), outer=jnp.asarray(OUTER))


def drawn(rng):
    """Where an axis and a table may be."""
    slant = rng.choice([np.pi / 2, rng.uniform(0.0, np.pi), 1e-3, 0.0])
    return slant, rng.uniform(-np.pi, np.pi), rng.choice([0.0, 0.5]), rng.integers(2) * rng.normal(size=2) * 10.0


def circle(length, width, along, across, radius):
    """Share of an elliptical Gaussian exp(−s²/length² − p²/width²) in a circle."""

    def line(s):
        half = np.sqrt(max(radius**2 - (s - along) ** 2, 0.0))
        chord = erf((across + half) / width) - erf((across - half) / width)
        return np.exp(-((s / length) ** 2)) / np.sqrt(np.pi) / length * 0.5 * chord

    levels = [np.sqrt(max(radius**2 - (across - k * width) ** 2, 0.0)) for k in (-3, -1, 0, 1, 3)]
    ends = {along - radius, along + radius, *(along + s * x for x in levels for s in (-1, 1))}
    ends |= {k * length for k in (-5, -3, -1.5, -0.5, 0, 0.5, 1.5, 3, 5)}
    ends = sorted(x for x in ends if along - radius <= x <= along + radius)
    return sum(quad(line, *pair, epsabs=1e-13, epsrel=1e-9)[0] for pair in pairwise(ends))


def check_rings(seed):
    rng = np.random.default_rng(seed)
    slant, turn, blur, centre = drawn(rng)
    ratio, kappa = 10 ** rng.uniform(-6.0, 1.0), 10 ** rng.uniform(-1.0, 3.0)
    got = np.asarray(seen(field(Spreading, kappa, slant, turn, ratio=ratio), rings(centre), blur))
    square = 4.0 * kappa * AGE
    length = np.sqrt(square * (np.sin(slant) ** 2 + ratio * np.cos(slant) ** 2) + 2.0 * blur**2)
    width = np.sqrt(square * ratio + 2.0 * blur**2)
    along = centre[0] * np.cos(turn) + centre[1] * np.sin(turn)
    across = centre[1] * np.cos(turn) - centre[0] * np.sin(turn)
    expected = np.diff([0.0, *(circle(length, width, along, across, radius) for radius in OUTER)])
    np.testing.assert_allclose(got, expected, rtol=5e-4, atol=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_rings_hold_what_a_gaussian_leaves_in_them(seed):
    check_rings(seed)


@pytest.mark.slow
def test_rings_hold_it_at_every_ratio_and_slant():
    for seed in range(100, 300):
        check_rings(seed)


def counted(kind, rng, slant, turn, blur, centre, law, kappa, size=2**18):
    """Shares of rings and box among particles that are spread along and across the axis, and blurred."""
    normal = qmc.MultivariateNormalQMC(np.zeros(5), seed=rng).random(size)
    z = normal[:, 0] * np.sqrt(2.0 * kappa * AGE)
    if kind is Tied:
        width = np.sqrt(2.0 * law["across"] * np.abs(z) + 0.25 * law["size"] ** 2)
    else:
        width = np.sqrt(2.0 * kappa * law["ratio"] * AGE)
    q, p = normal[:, 1] * width, normal[:, 2] * width
    s, p = z * np.sin(slant) + q * np.cos(slant) + blur * normal[:, 3], p + blur * normal[:, 4]
    north, east = s * np.cos(turn) - p * np.sin(turn), s * np.sin(turn) + p * np.cos(turn)
    away = np.hypot(north - centre[0], east - centre[1])
    found = [np.mean((away >= low) & (away < high)) for low, high in zip(INNER, OUTER, strict=True)]
    dn, de = north - centre[0], east - centre[1]
    across, along = de * np.cos(ANGLE) - dn * np.sin(ANGLE), dn * np.cos(ANGLE) + de * np.sin(ANGLE)
    return np.array([*found, np.mean((np.abs(across) < HALF[0]) & (np.abs(along) < HALF[1]))])


def check_counts(kind, seed):
    rng = np.random.default_rng(seed)
    slant, turn, blur, centre = drawn(rng)
    kappa = 10 ** rng.uniform(-1.0, 2.0)
    if kind is Tied:
        law = {"across": 10 ** rng.uniform(-2.0, 1.0), "size": 10 ** rng.uniform(-1.0, 1.0)}
    else:
        law = {"ratio": 10 ** rng.uniform(-6.0, 1.0)}
    here = field(kind, kappa, slant, turn, **law)
    box = Rectangle(centre=jnp.asarray(centre), half=jnp.asarray(HALF), angle=jnp.asarray(ANGLE))
    got = np.concatenate([seen(here, rings(centre), blur), seen(here, box, blur)])
    np.testing.assert_allclose(got, counted(kind, rng, slant, turn, blur, centre, law, kappa), atol=2e-3)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", [Spreading, Tied])
def test_bins_hold_the_particles_that_are_counted_in_them(kind, seed):
    check_counts(kind, seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Spreading, Tied])
def test_bins_hold_them_wherever_axis_and_table_are(kind):
    for seed in range(100, 200):
        check_counts(kind, seed)


def check_cloud(kind, seed):
    """The mean over a cloud's gas against the density asked for at a quarter of a million places in it."""
    rng = np.random.default_rng(seed)
    slant, turn, _, _ = drawn(rng)
    kappa, size = 10 ** rng.uniform(0.0, 2.0), 10 ** rng.uniform(-0.5, 1.0)
    law = {"across": 10 ** rng.uniform(-1.0, 1.0), "size": 10 ** rng.uniform(0.0, 1.0)}
    law = law if kind is Tied else {"ratio": 10 ** rng.uniform(-2.0, 1.0)}
    here, centre = field(kind, kappa, slant, turn, **law), rng.integers(2) * rng.normal(size=3) * 5.0
    even = qmc.Sobol(4, seed=rng).random(2**17)
    normal, uniform = ndtri(even[:, :3]), even[:, 3:] ** (1.0 / 3.0)
    ball = normal / np.linalg.norm(normal, axis=1)[:, None] * uniform
    for shape, gas in (("gaussian", normal), ("ball", ball)):
        expected = np.mean(here.density(jnp.asarray(centre + size * gas))[0])
        highest = float(jnp.max(here.density(jnp.zeros((1, 3)))))
        got = within(here, shape, jnp.asarray(centre), size)
        np.testing.assert_allclose(got, expected, rtol=3e-3, atol=1e-4 * highest)


@pytest.mark.parametrize("kind", [pytest.param(Spreading, marks=pytest.mark.slow), Tied])
def test_clouds_hold_the_mean_of_their_density(kind):
    check_cloud(kind, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Spreading, Tied])
def test_clouds_hold_it_wherever_they_are(kind):
    for seed in range(100, 150):
        check_cloud(kind, seed)


@pytest.mark.parametrize("kind", [Spreading, pytest.param(Tied, marks=pytest.mark.slow)])
def test_a_release_that_goes_on_is_the_sum_of_bursts(kind):
    law = {"across": 0.3, "size": 1.0} if kind is Tied else {"ratio": 1e-3}
    history = Continuous(log10_power=37.0, log10_age=4.0)
    centre, shape = jnp.asarray([4.0, -3.0]), (20.0, 1.1, 0.4)
    got = seen(field(kind, *shape, history=history, **law), rings(centre), 0.2)
    x, weight = np.polynomial.legendre.leggauss(60)
    look = AGE * (0.5 * (1.0 + x)) ** 3
    step = AGE * 1.5 * (0.5 * (1.0 + x)) ** 2 * weight
    bursts = [seen(field(kind, shape[0] * s / AGE, *shape[1:], **law), rings(centre), 0.2) for s in look]
    rate = float(history.rate(jnp.asarray(1.0)))
    np.testing.assert_allclose(got, rate * np.tensordot(step, np.asarray(bursts), axes=1), rtol=1e-3)


@pytest.mark.parametrize("kind", [Spreading, pytest.param(Tied, marks=pytest.mark.slow)])
def test_slopes_are_slopes(kind):
    def light(x):
        law = {"across": x[3], "size": 1.0 + x[5]} if kind is Tied else {"ratio": 1e-2 * x[3]}
        here = field(kind, 10.0 * x[0], x[1], x[2], **law)
        return jnp.log(here.seen(rings(x[4] * jnp.asarray([1.0, 2.0])), 0.3 * x[5])[0]) @ jnp.asarray([1.0, 2.0, -1.5])

    start = jnp.asarray([1.0, 1.0, 0.3, 0.7, 1.5, 1.0])
    value_and_slope = jax.jit(jax.value_and_grad(light))
    steps = 1e-4 * np.eye(start.size)
    difference = [value_and_slope(start + step)[0] - value_and_slope(start - step)[0] for step in steps]
    np.testing.assert_allclose(value_and_slope(start)[1], np.array(difference) / 2e-4, rtol=1e-3, atol=1e-5)


def test_a_disc_off_the_middle_of_a_gaussian():
    for distance, radius, square in [(0.0, 1.0, 2.0), (1.3, 2.0, 0.5), (5.0, 0.3, 4.0), (2.0, 2.0, 1e-3)]:
        got = gaussian_in_disc(*(jnp.asarray(x) for x in (distance, radius, square)))
        expected = ncx2.cdf(2.0 * radius**2 / square, 2, 2.0 * distance**2 / square)
        np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_an_axis_points_north_east_and_away():
    np.testing.assert_allclose(axis(jnp.asarray(0.5 * np.pi), jnp.asarray(0.0)), [1.0, 0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(axis(jnp.asarray(0.5 * np.pi), jnp.asarray(0.5 * np.pi)), [0.0, 1.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(axis(jnp.asarray(0.0), jnp.asarray(1.0)), [0.0, 0.0, 1.0], atol=1e-15)
