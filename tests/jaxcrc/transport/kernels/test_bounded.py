"""A sphere that leaks at any speed, from closed to open: against the inverted Laplace transform, and its number."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc.transport.kernels.bounded import burst_bounded, continuous_bounded

SIZE, KAPPA = 2.0, 1.5
LEAKS = np.concatenate([[0.0], np.geomspace(1e-14, 1e9, 116), 0.1 + 1e-3 * np.arange(-4, 5), [1.0 - 1e-9, 1.0]])
SPEEDS = LEAKS * KAPPA / SIZE
NODE, WEIGHT = np.polynomial.legendre.leggauss(24)
BURST, CONTINUOUS = jax.jit(burst_bounded), jax.jit(continuous_bounded)
KERNELS = {"burst": BURST, "continuous": CONTINUOUS}


def image(q: np.ndarray, place: np.ndarray, leak: np.ndarray) -> np.ndarray:
    """Laplace transform of 4πκr n of a burst in the centre, at s = κq²/R², without its growing exponentials."""
    left = q * (1.0 - place)
    inner = q * (1.0 + np.exp(-2.0 * left)) + (leak - 1.0) * (1.0 - np.exp(-2.0 * left))
    return np.exp(left - q) * inner / (q * (1.0 + np.exp(-2.0 * q)) + (leak - 1.0) * (1.0 - np.exp(-2.0 * q)))


def talbot(name: str, place: np.ndarray, elapsed: np.ndarray, leak: np.ndarray) -> np.ndarray:
    """The density by the fixed Talbot contour of 24 points."""
    n = 24
    angle = np.pi * np.arange(1, n) / n
    cot = 1.0 / np.tan(angle)
    s = 2.0 * n / 5.0 * np.append(1.0, angle * (cot + 1j))
    weight = np.append(0.5, 1.0 + 1j * (angle + (angle * cot - 1.0) * cot)) * np.exp(s)
    s = s / elapsed[..., None]
    transform = image(np.sqrt(s), place[..., None], leak[..., None]) / (s if name == "continuous" else 1.0)
    inverse = np.sum((weight * transform).real, axis=-1) * 0.4 / elapsed
    scale = SIZE * SIZE / KAPPA if name == "continuous" else 1.0
    return inverse * scale / (4.0 * np.pi * SIZE**3 * place)


@pytest.mark.parametrize("name", KERNELS)
def test_every_speed_is_the_transform(name):
    place, elapsed = np.array([0.03, 0.4, 0.8, 0.99]), np.array([0.009, 0.1, 1.0, 30.0, 1e4])
    speed, place, elapsed = np.meshgrid(SPEEDS, place, elapsed, indexing="ij")
    got = np.asarray(KERNELS[name](place * SIZE, elapsed * SIZE**2 / KAPPA, KAPPA, SIZE, speed))
    expected = talbot(name, place, elapsed, speed * SIZE / KAPPA)
    # The contour is good to 1e-8 of a filled sphere, 0.03, not of what is left of it late.
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)


def test_what_has_leaked_and_what_is_left_are_all_particles():
    radius = 0.5 * SIZE * (NODE + 1.0)
    volume = 4.0 * np.pi * radius**2 * 0.5 * SIZE * WEIGHT
    speed = SPEEDS[SPEEDS < 1e5][:, None]
    edge = SIZE * (1.0 - 1e-14)
    for time in (0.05, 0.8, 4.0, 1e3):
        held = np.sum(volume * np.asarray(BURST(radius, time, KAPPA, SIZE, speed)), axis=1)
        # The density at the edge, summed over the time since a burst, is that of a constant release.
        lost = 4.0 * np.pi * SIZE**2 * speed * np.asarray(CONTINUOUS(edge, time, KAPPA, SIZE, speed))
        np.testing.assert_allclose(held + lost[:, 0], 1.0, rtol=1e-8)


def test_a_closed_sphere_fills():
    place, time = np.array([[0.1], [0.5], [0.9]]), np.array([9.0, 1e6])
    volume = 4.0 / 3.0 * np.pi * SIZE**3
    shape = (1.0 / place + 0.5 * place**2 - 1.8) / (4.0 * np.pi * KAPPA * SIZE)
    for speed in (0.0, 1e-300, 1e-20):
        filled = CONTINUOUS(place * SIZE, time, KAPPA, SIZE, speed)
        np.testing.assert_allclose(filled, time / volume + shape, rtol=1e-10)
        np.testing.assert_allclose(BURST(place * SIZE, time, KAPPA, SIZE, speed), 1.0 / volume, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_slopes_in_the_speed_match_differences_from_closed_to_open(name):
    speed = SPEEDS[(SPEEDS > 1e-6) & (SPEEDS < 1e6)]
    slope = jax.jit(jax.vmap(jax.grad(lambda v: KERNELS[name](1.0, 3.0, KAPPA, SIZE, v))))
    got, closed = np.split(np.asarray(slope(jnp.append(speed, 0.0))), [-1])
    got = got * speed
    high, low = (np.asarray(KERNELS[name](1.0, 3.0, KAPPA, SIZE, speed * (1.0 + s))) for s in (1e-4, -1e-4))
    np.testing.assert_allclose(got, (high - low) / 2e-4, rtol=1e-5, atol=1e-11 * np.max(np.abs(high)))
    assert np.all(np.isfinite(closed) & (closed < 0.0))
