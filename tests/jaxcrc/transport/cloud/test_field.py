"""What clouds hold of a flux tube, against the density counted at places in their gas."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import qmc

from jaxcrc.observe.chords import common_area
from jaxcrc.transport.along import axis
from jaxcrc.transport.cloud.field import TubeField

within = jax.jit(lambda field, shape, centre, size: field.inside(shape, centre, size), static_argnums=1)


def tube(slant: float, turn: float, radius: float) -> TubeField:
    """Four energies that fade along the tube, the faster the lower they are."""
    face = np.linspace(0.0, 60.0, 121)
    middle, fade = 0.5 * (face[1:] + face[:-1]), np.array([3.0, 6.0, 12.0, 24.0])[:, None]
    return TubeField(
        log_energy=jnp.arange(4.0),
        place=jnp.broadcast_to(middle, (4, middle.size)),
        log_density=jnp.asarray(-middle / fade - np.log(fade)),
        face=jnp.broadcast_to(face, (4, face.size)),
        log_chi=jnp.zeros((4, face.size)),
        log_radius=jnp.full(4, np.log(radius)),
        release_time=jnp.ones(4),
        log_wanted=jnp.arange(4.0),
        amplitude=jnp.ones(4),
        axis=axis(jnp.asarray(slant), jnp.asarray(turn)),
        covering=jnp.asarray(0.7),
        status=jnp.zeros((), int),
    )


def check(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slant, turn = rng.choice([0.0, np.pi / 2, rng.uniform(0.0, np.pi)]), rng.uniform(-np.pi, np.pi)
    radius, size, centre = (
        10 ** rng.uniform(-0.5, 1.0),
        10 ** rng.uniform(-0.3, 1.0),
        rng.integers(2) * rng.normal(size=3) * 5.0,
    )
    field = tube(slant, turn, radius)
    even = qmc.Sobol(4, seed=rng).random(2**17)
    normal, uniform = ndtri(even[:, :3]), even[:, 3:] ** (1.0 / 3.0)
    for shape, gas in (("gaussian", normal), ("ball", normal / np.linalg.norm(normal, axis=1)[:, None] * uniform)):
        place = centre + size * gas
        z = place @ np.asarray(field.axis)
        inside = np.sum(place**2, axis=1) - z**2 < radius**2
        expected = 0.7 * np.mean(np.asarray(field.along(jnp.asarray(z))) * inside, axis=1)
        got = within(field, shape, jnp.asarray(centre), size)
        np.testing.assert_allclose(got, expected, rtol=1e-2, atol=1e-3 * float(jnp.max(jnp.exp(field.log_density))))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_clouds_hold_of_a_tube_what_is_counted_in_them(seed):
    check(seed)


@pytest.mark.slow
def test_they_hold_it_wherever_they_are():
    for seed in range(100, 200):
        check(seed)


def test_discs_have_a_lens_in_common():
    """Equal discs a radius apart: (2π/3 − √3/2) R²; one in the other; apart."""
    cases = {(1.0, 1.0, 1.0): 2.0 * np.pi / 3.0 - np.sqrt(0.75), (0.2, 1.0, 3.0): np.pi, (5.0, 1.0, 3.0): 0.0}
    for discs, area in cases.items():
        np.testing.assert_allclose(common_area(*(jnp.asarray(x) for x in discs)), area, rtol=1e-12)
    np.testing.assert_allclose(common_area(jnp.asarray(0.0), jnp.asarray(2.0), jnp.asarray(1.0)), np.pi, rtol=1e-6)
