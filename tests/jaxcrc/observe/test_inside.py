"""Means over clouds against adaptive quadrature of closed-form densities, from the source in the centre outwards."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc

from jaxcrc.observe.inside import GAS, Around, Spheres, around_centre
from jaxcrc.transport.kernels.spherical import burst_point, continuous_point

SIZE = 5.0
DEPTHS = (0.0, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.1, 2.0, 5.0, 20.0)  # in sizes
REACHES = (0.03, 0.3, 1.0, 10.0)  # R_d in sizes
KERNELS = {"burst": burst_point, "continuous": continuous_point}
DENSITIES = {
    "burst": lambda r, spread: np.exp(-((r / spread) ** 2)) / (np.pi * spread**2) ** 1.5,
    "continuous": lambda r, spread: erfc(r / spread) / (4.0 * np.pi * r),
}


def gas(shape: str, r: float, away: float, size: float) -> float:
    """Share of the gas between two spheres around the source, per length."""
    if shape == "ball":
        if away == 0.0:
            return 3.0 * r**2 / size**3 * (r < size)
        return 3.0 * r**2 / size**3 * np.clip((size**2 - (away - r) ** 2) / (4.0 * away * r), 0.0, 1.0)
    if away == 0.0:
        return np.sqrt(2.0 / np.pi) * r**2 / size**3 * np.exp(-0.5 * (r / size) ** 2)
    sides = [np.exp(-0.5 * ((r + sign * away) / size) ** 2) for sign in (-1.0, 1.0)]
    return r / (away * size * np.sqrt(2.0 * np.pi)) * (sides[0] - sides[1])


def by_quadrature(shape: str, kind: str, away: float, size: float, spread: float) -> float:
    end = away + (size if shape == "ball" else 9.0 * size)
    breaks = [1e-3 * size, abs(away - size), away, 0.1 * spread, spread, 2.0 * spread, 4.0 * spread, 7.0 * spread]
    breaks += [abs(away - 3.0 * size), away + 3.0 * size]
    breaks = np.unique(np.clip([0.0, *breaks, end], 0.0, end))
    density = DENSITIES[kind]
    return sum(
        quad(lambda r: density(r, spread) * gas(shape, r, away, size), a, b, epsabs=0.0, epsrel=1e-8, limit=100)[0]
        for a, b in pairwise(breaks)
    )


def mean(inside, kind: str, depth, size, spread):
    """The mean over a cloud of what a source with R_d = `spread` released, κ = 1."""
    position, weight = inside.rule(jnp.array([0.0, 0.0, 1.0]) * depth, size, ())
    time = 0.25 * spread**2
    return jnp.sum(weight * KERNELS[kind](jnp.sqrt(jnp.sum(position**2, axis=-1)), time, 1.0))


QUICK = [("ball", "continuous"), ("gaussian", "burst")]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [pytest.param(s, k, marks=[pytest.mark.slow] * ((s, k) not in QUICK)) for s in GAS for k in KERNELS],
)
def test_means_of_round_halos_from_the_centre_outwards(shape, kind):
    ask = jax.jit(
        jax.vmap(jax.value_and_grad(lambda *at: mean(Spheres(shape), kind, *at), (0, 1)), in_axes=(0, None, None))
    )
    step = 2e-4 * SIZE
    for reach in REACHES:
        values, slopes = ask(jnp.array(DEPTHS) * SIZE, SIZE, reach * SIZE)
        brightest = float(values[0])
        for depth, value, *slope in zip(DEPTHS, values, *slopes, strict=True):
            told = [abs(depth * SIZE), SIZE]
            expected = by_quadrature(shape, kind, *told, reach * SIZE)
            if expected < 1e-12 * brightest:
                continue
            assert float(value) == pytest.approx(expected, rel=3e-4), (reach, depth)
            if shape == "ball" and depth == 1.0:
                continue  # the curvature jumps on the edge: a difference across it is no derivative
            for which, one in enumerate(slope):
                ends = [
                    by_quadrature(shape, kind, abs(told[0] + s * (which == 0)), SIZE + s * (which == 1), reach * SIZE)
                    for s in (step, -step)
                ]
                difference = (ends[0] - ends[1]) / (2.0 * step)
                assert float(one) == pytest.approx(difference, rel=1e-3, abs=1e-3 * expected / SIZE), (reach, depth)


def test_curvatures_exist_where_the_source_is_in_the_centre():
    """⟨1/r⟩ over a ball is (3 − d²/R²)/2R: its second derivative is −1/R³ inside."""
    steady = lambda depth: mean(Spheres("ball"), "continuous", depth, jnp.array(SIZE), 1e6)  # noqa: E731
    curvature = float(jax.jit(jax.grad(jax.grad(steady)))(0.0))
    assert curvature == pytest.approx(-1.0 / (4.0 * np.pi * SIZE**3), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("shape", list(GAS))
def test_gas_adds_up_to_one_and_edges_are_kept(shape):
    """The mean of one is one; that of a step at a radius is the gas within, by quadrature."""
    for depth in DEPTHS[1::3]:
        centre = jnp.array([0.3, 0.0, depth * SIZE])
        away = float(np.hypot(0.3, depth * SIZE))
        for inside in (Spheres(shape), Around(shape), around_centre(shape)):
            assert float(jnp.sum(inside.rule(centre, jnp.array(SIZE), ())[1])) == pytest.approx(1.0, rel=1e-4)
        edge = max(0.4 * SIZE, away - 0.3 * SIZE)
        position, weight = Spheres(shape).rule(centre, jnp.array(SIZE), (jnp.array(edge),))
        within = float(jnp.sum(weight * (position[:, 0] < edge)))
        breaks = np.unique(np.clip([0.0, abs(away - SIZE), max(0.0, away - 8.0 * SIZE), edge], 0.0, edge))
        expected = sum(quad(lambda r: gas(shape, r, away, SIZE), a, b, epsabs=1e-12)[0] for a, b in pairwise(breaks))
        assert within == pytest.approx(expected, rel=1e-4), depth


@pytest.mark.parametrize("shape", list(GAS))
def test_directions_around_a_source_see_what_spheres_see(shape):
    for depth in (0.0, 0.1, 0.5, 1.5, 2.5):
        for kind in KERNELS:
            at = depth * SIZE, jnp.array(SIZE), 1.0 * SIZE
            expected = float(mean(Spheres(shape), kind, *at))
            assert float(mean(Around(shape), kind, *at)) == pytest.approx(expected, rel=1e-3), (depth, kind)
