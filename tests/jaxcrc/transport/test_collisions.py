"""Protons that collide on their way: the formal solution by other means, escapes, and the limit without gas."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from jaxcrc import Ball, Homogeneous, Light, Point, PowerLaw, Released, Shell, UniformGas
from jaxcrc.transport.base import EnergyGrid, Surroundings
from jaxcrc.transport.collisions import colliding
from jaxcrc.units import PROTON_MASS
from tests.jaxcrc.transport.test_transports import MEDIUM, PLACES, RELEASES

KINETIC = np.array([0.35, 1.0, 10.0, 100.0, 1e4, 1e5])
GRID = EnergyGrid(jnp.asarray(KINETIC), jnp.ones(KINETIC.size, bool), PROTON_MASS)
SPECTRUM = PowerLaw(index=2.2, log10_cutoff=3.0)
RADIUS = np.linalg.norm(np.asarray(PLACES), axis=1)
LINE = np.log(np.geomspace(0.1, 1e10, 20_000))
KAPPA = np.asarray(MEDIUM.kappa(jnp.sqrt(jnp.exp(LINE) * (jnp.exp(LINE) + 2.0 * PROTON_MASS))))
STEPS = np.linspace(0.0, 1.0, 3001) ** 3


@jax.jit
def density(source, gas):
    around = Surroundings(UniformGas(density=gas), Light())
    return Homogeneous(losses=True).solve(source, MEDIUM, GRID, around).density(PLACES)


def rate(x: np.ndarray, gas: float) -> np.ndarray:
    """b/T [kyr⁻¹] at x = ln T: 0.45 σ_inel c n, σ of Kafexhiu et al. 2014."""
    log = np.maximum(x - np.log(2.0 * 0.1349766 + 0.1349766**2 / (2.0 * PROTON_MASS)), 1e-9)
    barn = (30.7 - 0.96 * log + 0.18 * log**2) * (1.0 - np.exp(-1.9 * log)) ** 3
    return 0.45 * 1e-27 * barn * 2.99792458e10 * 3.15576e10 * gas


def past(age: float, gas: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Look-back times, ln of the energies and λ² there [time, energy], by Runge–Kutta steps."""
    x, square = [np.log(KINETIC)], [np.zeros(KINETIC.size)]
    for step in np.diff(age * STEPS):
        one = rate(x[-1], gas)
        two = rate(x[-1] + 0.5 * step * one, gas)
        three = rate(x[-1] + 0.5 * step * two, gas)
        four = rate(x[-1] + step * three, gas)
        end = x[-1] + step / 6.0 * (one + 2.0 * two + 2.0 * three + four)
        ends, middle = (np.interp(place, LINE, KAPPA) for place in ((x[-1], end), 0.5 * (x[-1] + end)))
        square.append(square[-1] + step * 4.0 / 6.0 * (ends[0] + 4.0 * middle + ends[1]))
        x.append(end)
    return age * STEPS, np.array(x), np.array(square)


def left(source: Released, x: np.ndarray, gas: float) -> np.ndarray:
    """N(T₀) b(T₀)/b(T)."""
    amount = np.asarray(source.amplitude(jnp.exp(jnp.asarray(x)).ravel())).reshape(x.shape)
    return amount * np.exp(x) * rate(x, gas) / (KINETIC * rate(np.log(KINETIC), gas))


def by_quadrature(source: Released, gas: float) -> np.ndarray:
    """∫ rate N(T₀) b(T₀)/b(T) (πλ²)^{−3/2} e^{−r²/λ²} over the look-back time."""
    release = source.release
    age, duration = float(release.time()), release.duration()
    start = 1e-9 * age if duration is None else age - float(duration)
    node, weight = np.polynomial.legendre.leggauss(400)
    v = 0.5 * (node + 1.0)
    lag = np.log(age / start) * v**6  # ln(age/s), close at the start of the release
    back, since = age * np.exp(-lag), -age * np.expm1(-lag)
    share = 0.5 * weight * 6.0 * v**5 * np.log(age / start) * back * np.asarray(release.rate(jnp.asarray(since)))
    times, x, square = past(age, gas)
    known = left(source, x, gas)
    total = []
    for i in range(KINETIC.size):
        amount = np.interp(back, times, known[:, i])
        wide = np.exp(np.interp(np.log(back), np.log(times[1:]), np.log(square[1:, i])))
        each = (np.pi * wide) ** -1.5 * np.exp(-(RADIUS[:, None] ** 2) / wide)
        total.append(np.sum(share * amount * each, axis=1))
    return np.array(total)


@pytest.mark.slow
def test_a_burst_loses_as_the_formal_solution_at_any_column():
    source = Released(SPECTRUM, RELEASES["burst"], Point())
    age = float(source.release.time())
    column = np.geomspace(1e4, 5e7, 200) / (1e3 * age)  # n t [cm⁻³ yr] over the age
    got = np.asarray(jax.jit(jax.vmap(lambda gas: density(source, gas)))(jnp.asarray(column)))
    for gas, found in zip(column[::25], got[::25], strict=True):
        _, x, square = past(age, gas)
        wide = square[-1][:, None]
        expected = left(source, x, gas)[-1][:, None] * (np.pi * wide) ** -1.5 * np.exp(-(RADIUS**2) / wide)
        np.testing.assert_allclose(found, expected, rtol=3e-4)
    # Between them nothing jumps.
    assert np.max(np.abs(np.diff(np.log(got), 2, axis=0))) < 5e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["continuous", "finite", "linear", "power-law"])
@pytest.mark.parametrize("column", [1e4, 3e6, 3e7])
def test_histories_are_the_sum_of_what_their_bursts_left(name, column):
    source = Released(SPECTRUM, RELEASES[name], Point())
    gas = column / (1e3 * float(source.release.time()))
    np.testing.assert_allclose(density(source, gas), by_quadrature(source, gas), rtol=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("shape", [Point(), Shell(radius=6.0), Ball(radius=6.0)], ids=["point", "shell", "ball"])
def test_with_hardly_any_gas_the_plain_kernels_return(name, shape):
    source = Released(SPECTRUM, RELEASES[name], shape)
    plain = Homogeneous().solve(source, MEDIUM, GRID, Surroundings(UniformGas(density=1.0), Light())).density(PLACES)
    np.testing.assert_allclose(density(source, 1e-9), plain, rtol=1e-3, atol=1e-12 * float(jnp.max(plain)))


@pytest.mark.slow
def test_an_escape_follows_the_momentum_that_protons_had_then():
    # T₀ by a root of ∫ dT/b = t − t_esc(T₀), and N(T₀) dT₀/dT by differences.
    release = eqx.tree_at(lambda r: r.spread, RELEASES["escape"], jnp.asarray(0.005))
    source, gas = Released(SPECTRUM, release, Point()), 1500.0
    around = Surroundings(UniformGas(density=gas), Light())
    field = colliding(source, MEDIUM, GRID, around, jnp.zeros((), int))

    def before(x: float) -> float:
        line = np.linspace(x, x + 2.0, 20_001)
        times = np.concatenate(
            [[0.0], np.cumsum(0.5 * np.diff(line) * (1 / rate(line, gas)[1:] + 1 / rate(line, gas)[:-1]))]
        )

        def late(y: float) -> float:
            p = np.sqrt(np.exp(y) * (np.exp(y) + 2.0 * PROTON_MASS))
            return float(np.interp(y, line, times) - (release.time() - release.escape_time(jnp.asarray([p]))[0]))

        return brentq(late, x, x + 2.0, xtol=1e-12)

    for i in (4, 5):
        x = np.log(KINETIC[i])
        high, low = before(x + 1e-3), before(x - 1e-3)
        middle = np.exp(before(x))
        number = float(source.amplitude(jnp.asarray([middle]))[0]) * middle * (high - low) / 2e-3 / KINETIC[i]
        np.testing.assert_allclose(float(field.spread.weight[i, 0]), number, rtol=2e-3)
