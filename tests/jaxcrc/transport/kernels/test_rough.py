"""Laws that jump or change at once, against adaptive quadrature with its breaks where they jump."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import jaxcrc
from jaxcrc.medium.diffusion import PowerLawDiffusion
from jaxcrc.medium.gas import UniformGas
from jaxcrc.medium.light import Light, PhotonField
from jaxcrc.numerics.breaks import close_in, most_abrupt
from jaxcrc.source.pulsar import AbstractInjection, KnownAge, Pulsar
from jaxcrc.transport.base import EnergyGrid, Status, Surroundings
from jaxcrc.transport.electrons import Cooled
from jaxcrc.transport.kernels.cooling import cooling, past
from jaxcrc.units import ELECTRON_MASS

B0, D0, DELTA, AGE = 3.1e-6, 14.9, 1.0 / 3.0, 342.0
ENERGY, RADIUS = np.array([1e3, 3e4, 1e5, 2e5]), np.array([0.1, 5.0, 30.0, 60.0])


def kappa(energy):
    return D0 * (energy / 1e5) ** DELTA


def loss(energy):
    return B0 * energy**2


def soft(energy, time):
    return energy**-2.0 * jnp.exp(-energy / 1e5)


# name: (injection, energies and times at which it jumps, energy at which κ jumps and by which factor)
ROUGH = {
    "hard end": (lambda e, t: jnp.where(e < 5e5, e**-2.0, 0.0), [5e5], [], None),
    "hard start": (lambda e, t: jnp.where(e > 2e4, 1.0, 0.1) * soft(e, t), [2e4], [], None),
    "sharp cut-off": (lambda e, t: e**-2.0 * jnp.exp(-((e / 3e5) ** 6)), [1.5e5, 3e5, 4.5e5], [], None),
    "step in time": (lambda e, t: soft(e, t) * jnp.where(t < 300.0, 1.0, 0.1), [], [300.0], None),
    "flare": (lambda e, t: soft(e, t) * jnp.where((t > 335.0) & (t < 339.0), 1.0, 0.01), [], [335.0, 339.0], None),
    "step of κ": (soft, [], [], (6e4, 5.0)),
    "young source": (lambda e, t: soft(e, t) * (1.0 + t / (3e-5 * AGE)) ** -2, [], [], None),
}


def by_quadrature(energy, radius, injection, energies, times, step, energy_max=1e8):
    """∫ over the look-back time, b = B0 E², κ a power law with at most one step."""
    scale = 4.0 * D0 * 1e5**-DELTA / (B0 * (1.0 - DELTA))
    oldest = min(AGE, (1.0 - energy / energy_max) / (B0 * energy))

    def square(before):
        middle = energy if step is None else min(max(energy, step[0]), before)
        below, above = (
            scale * (a ** (DELTA - 1.0) - b ** (DELTA - 1.0)) for a, b in ((energy, middle), (middle, before))
        )
        return below + (1.0 if step is None else step[1]) * above

    def integrand(back):
        before = energy / (1.0 - B0 * energy * back)
        spread = square(before)
        if spread <= 0.0:
            return 0.0
        released = float(np.asarray(injection(np.float64(before), np.float64(AGE - back))))
        return released * (before / energy) ** 2 * np.exp(-(radius**2) / spread) * (np.pi * spread) ** -1.5

    jumps = [*energies, *([step[0]] if step else [])]
    breaks = [(1.0 - energy / e) / (B0 * energy) for e in jumps if e > energy] + [AGE - t for t in times]
    nearest = min(radius**2 / (4.0 * kappa(energy)) / 600.0, 0.5 * oldest)
    breaks += [*np.geomspace(nearest, oldest, 14), *(oldest - AGE * np.geomspace(1e-9, 0.5, 12))]
    breaks = np.unique(np.clip([*breaks, oldest], nearest, oldest))
    with jax.disable_jit():
        return sum(quad(integrand, a, b, epsabs=0.0, epsrel=1e-5)[0] for a, b in pairwise(breaks))


def halo(injection, step=None, energy_max=1e8):
    def law(energy):
        return kappa(energy) if step is None else kappa(energy) * jnp.where(energy > step[0], step[1], 1.0)

    return jax.jit(lambda e, r, age: jaxcrc.lepton_halo(e, r, age, law, loss, injection, energy_max))


def agrees(found, expected, rel):
    seen = expected > 1e-8 * expected.max(axis=1, keepdims=True)
    assert seen.sum() > 10
    np.testing.assert_allclose(np.asarray(found)[seen], expected[seen], rtol=rel)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ROUGH))
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_rough_laws_against_quadrature(name):
    injection, energies, times, step = ROUGH[name]
    expected = [[by_quadrature(e, r, injection, energies, times, step) for r in RADIUS] for e in ENERGY]
    agrees(halo(injection, step)(ENERGY, RADIUS, AGE), np.array(expected), 1e-3)


@pytest.mark.slow
def test_derivatives_follow_the_jumps_and_batches_are_what_each_is():
    for name in ("hard end", "step in time"):
        ask = halo(ROUGH[name][0])
        ages = jnp.array([AGE - 0.05, AGE, AGE + 0.05])
        found = jax.vmap(ask, in_axes=(None, None, 0))(ENERGY, RADIUS, ages)
        for one, age in zip(found, ages, strict=True):
            np.testing.assert_allclose(one, ask(ENERGY, RADIUS, age), rtol=1e-9)
        slope = np.asarray(jax.jacfwd(ask, 2)(ENERGY, RADIUS, AGE))
        difference = np.asarray(found[2] - found[0]) / 0.1
        seen = np.asarray(found[1]) > 1e-8 * np.max(found[1], axis=1, keepdims=True)
        size = np.abs(difference[seen]) + 1e-6 * np.asarray(found[1])[seen]
        assert np.max(np.abs(slope[seen] - difference[seen]) / size) < 2e-2


@pytest.mark.slow
def test_no_energy_knows_the_others_and_none_is_above_the_highest():
    ask = halo(lambda e, t: e**-2.0 + 0.0 * t, energy_max=5e5)
    alone = ask(np.array([1e4, 3e4, 1e5]), RADIUS, AGE)
    together = ask(np.array([1e5, 5.1e5, 2e6]), RADIUS, AGE)
    np.testing.assert_allclose(together[0], alone[2], rtol=1e-5)
    np.testing.assert_array_equal(together[1:], 0.0)


def test_the_table_of_cooling_is_cut_where_laws_jump():
    """λ² and s of two zones in energy, to the digits of each zone alone."""
    jump, factor = 3e4, 4.0
    energy = jnp.array([1e3, 2.9e4, 3.1e4])

    @jax.jit
    def asked(rise):
        stepped = lambda e: loss(e) * jnp.where(e > jump, factor, 1.0)  # noqa: E731
        table = cooling(energy, kappa, stepped, 1e8)
        return past(table, rise)

    rise = jnp.broadcast_to(jnp.array([0.02, 0.5, 4.0]), (3, 3))
    time, _ = asked(rise)
    before = np.asarray(energy)[:, None] * np.exp(np.asarray(rise))
    low, middle = np.asarray(energy)[:, None], np.clip(jump, np.asarray(energy)[:, None], before)
    expected = ((1.0 / low - 1.0 / middle) + (1.0 / middle - 1.0 / before) / factor) / B0
    np.testing.assert_allclose(time, expected, rtol=1e-7)


def test_jumps_are_found_where_they_are():
    places = jnp.array([0.312, 0.71])
    law = lambda x: jnp.sin(x) + (x > places[0]) - 3.0 * (x > places[1])  # noqa: E731
    line = jnp.linspace(0.0, 1.0, 33)
    index, height = most_abrupt(law(line), 2)
    np.testing.assert_allclose(height, [3.0, 1.0], rtol=1e-2)
    np.testing.assert_allclose(close_in(law, line[index], line[index + 1]), places[::-1], atol=1e-10)


class Ending(AbstractInjection):
    """Electrons up to an energy and none above."""

    def __call__(self, energy):
        return jnp.where(energy < 5e4, energy**-2.0, 0.0)

    def energy_max(self):
        return jnp.asarray(1e8)

    def energy_knee(self):
        return jnp.asarray(1e8)


def test_a_fit_says_where_a_law_is_too_rough_for_its_nodes():
    around = Surroundings(
        UniformGas(density=1.0),
        Light(magnetic_field=3.0, photons={"cmb": PhotonField(energy_density=0.26, temperature=2.725)}),
    )
    medium = PowerLawDiffusion(log10_kappa=27.6, delta=DELTA, pivot=1e5)
    pulsar = Pulsar(Ending(), KnownAge(log10_age=5.5), log10_power=34.5, log10_efficiency=-0.4, log10_tau0=4.0)
    total = jnp.geomspace(1e3, 3e4, 4)
    grid = EnergyGrid(total - ELECTRON_MASS, jnp.ones(4, bool), ELECTRON_MASS)
    status = jax.jit(lambda: Cooled().solve(pulsar, medium, grid, around).status)()
    assert int(status) & Status.UNRESOLVED
