"""Kelner et al. 2006 against naima, its sum rules, AAfrag and differences."""

from __future__ import annotations

import warnings

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import ExponentialCutoffPowerLaw
from naima.radiative import PionDecayKelner06

from jaxcrc import hadronic_electrons, hadronic_emission, hadronic_neutrinos, units
from jaxcrc.emission import kelner06

ENERGY = np.geomspace(0.28, 1e8, 172)


def law(index, cut=np.inf, energy=ENERGY):
    """(E_tot/GeV)^-index with a cut-off, at kinetic energies."""
    total = energy + units.PROTON_MASS
    return total**-index * np.exp(-total / cut)


@pytest.mark.parametrize("index", [2.0, 2.7])
def test_agrees_with_naima(index):
    """1e-3 above 100 GeV, where both integrate the same kernel (its adaptive rule asks for 1e-3)."""
    particles = ExponentialCutoffPowerLaw(1 / u.GeV, 1 * u.GeV, index, 3e5 * u.GeV)
    photon = np.array([100.0, 300.0, 1e3, 1e4, 1e5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = PionDecayKelner06(particles)._spectrum(photon * u.GeV).to_value("1/(s GeV)")
    found = hadronic_emission(photon, ENERGY, "kelner06") @ law(index, 3e5)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_published_emissivities():
    """Power laws without end: the last digit, and what lies above 1e8 GeV."""
    photon = np.array([1e3, 1e4])
    for index, expected in ((2.2, [3.229e-23, 2.554e-25]), (2.7, [2.966e-25, 7.307e-28])):
        np.testing.assert_allclose(hadronic_emission(photon, ENERGY, "kelner06") @ law(index), expected, rtol=2e-3)


@pytest.mark.parametrize("index", [2.0, 2.4, 2.8])
def test_continuation_to_low_energies_is_near_the_papers(index):
    """naima has the paper's: monoenergetic pions, their number matched to the spectrum; bounds as documented."""
    particles = ExponentialCutoffPowerLaw(1 / u.GeV, 1 * u.GeV, index, 3e6 * u.GeV)
    photon = np.array([1.0, 3.0, 10.0, 20.0, 50.0, 100.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = PionDecayKelner06(particles)._spectrum(photon * u.GeV).to_value("1/(s GeV)")
    ratio = hadronic_emission(photon, ENERGY, "kelner06") @ law(index, 3e6) / expected
    assert np.all(np.abs(ratio - 1.0) < np.array([0.35, 0.16, 0.07, 0.05, 0.02, 1e-3]))


def share(cross_section, energy: float) -> float:
    """∫ E dσ/dE dE/(σ_inel E_p): the part of the proton's energy that goes into a secondary."""
    node, weight = np.polynomial.legendre.leggauss(200)
    log = 12.5 * (node - 1.0)
    total = energy + units.PROTON_MASS
    secondary = total * np.exp(log)
    value = np.asarray(cross_section(jnp.asarray(secondary), jnp.asarray(energy)))
    return float(12.5 * np.sum(weight * secondary**2 * value) / kelner06.inelastic_cross_section(energy) / total)


def test_energy_that_photons_take():
    found = [share(kelner06.photon_cross_section, energy) for energy in (1e3, 1e4, 1e5)]
    np.testing.assert_allclose(found, [0.166, 0.176, 0.185], atol=6e-4)


def test_direct_neutrinos_end_at_the_kinematic_limit():
    """1 − (m_μ/m_π)² = 0.427 of the pion's energy, which cannot exceed the proton's."""
    assert pytest.approx(1.0 - (105.6583755 / 139.57039) ** 2, rel=1e-3) == kelner06.DIRECT_LIMIT
    x = jnp.array([0.3, 0.42, 0.4269, 0.4271, 0.9])
    value = kelner06.direct_neutrino_cross_section(1e4 * x, 1e4 - units.PROTON_MASS)
    assert np.all(value[:3] > 0.0)
    assert np.all(value[3:] == 0.0)


def test_neutrinos_follow_photons():
    """For E^-2 all flavours together carry 1.0 to 1.2 times the energy of photons; a third each after mixing."""
    photon = np.array([1e3, 1e4])
    spectrum = law(2.0)
    gamma = hadronic_emission(photon, ENERGY, "kelner06") @ spectrum
    found = hadronic_neutrinos(photon, ENERGY)
    ratio = found.total @ spectrum / gamma
    assert np.all((ratio > 1.0) & (ratio < 1.2))
    np.testing.assert_allclose(found.each_at_earth, found.total / 3.0)
    np.testing.assert_allclose(hadronic_electrons(photon, ENERGY), found.electron)


@pytest.mark.parametrize("function", ["photon", "electron", "direct_neutrino"])
def test_walk_across_joins_and_limits(function):
    """Value and both derivatives are finite at the threshold, at the join, at x = 1 and outside."""
    cross_section = getattr(kelner06, f"{function}_cross_section")
    marks = np.array([kelner06.THRESHOLD - units.PROTON_MASS, kelner06.JOIN, 100.0 - units.PROTON_MASS, 1e3])
    energy = jnp.concatenate([jnp.array([1e-9, 1e9]), *(marks * (1.0 + s) for s in (-1e-6, -1e-15, 0.0, 1e-15, 1e-6))])
    total = energy + units.PROTON_MASS
    half = 0.5 * units.PION_MASS
    photon = jnp.stack(
        [0.0 * total, half + 0.0 * total, 1e-3 + 0.0 * total, 1e-9 * total, 0.427 * total, total, 2 * total]
    )

    def all_of(p, e):
        value = cross_section(p, e)
        return value.sum(), value

    both = jax.jit(jax.value_and_grad(all_of, argnums=(0, 1), has_aux=True))
    (_, value), slopes = both(photon, energy + 0.0 * photon)
    assert np.all(np.isfinite(value))
    assert np.all(np.asarray(value) >= 0.0)
    assert all(np.all(np.isfinite(slope)) for slope in slopes)


@pytest.mark.slow
def test_gradients_against_differences():
    photon, energy = jnp.array([3.0, 30.0, 300.0]), jnp.array([60.0, 900.0, 5e4])
    for name in ("photon", "electron", "direct_neutrino"):
        call = getattr(kelner06, f"{name}_cross_section")
        slope = jax.jit(jax.grad(lambda e, call=call: jnp.log(call(photon, e)).sum()))(energy) * energy
        difference = jnp.log(call(photon, energy * (1 + 1e-6)) / call(photon, energy * (1 - 1e-6))) / 2e-6
        np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-8)


def test_converged_on_twenty_energies_a_decade():
    """Doubling the grid changes power laws by less than 1e-4 and cut-offs, to five times the cut, by less than 1e-3."""
    photon, fine = np.geomspace(1.0, 1e5, 21), np.geomspace(ENERGY[0], ENERGY[-1], 2 * ENERGY.size - 1)
    coarse, finer = (hadronic_emission(photon, energy, "kelner06") for energy in (ENERGY, fine))
    for cut in (np.inf, 2e4):
        found, expected = coarse @ law(2.4, cut), finer @ law(2.4, cut, fine)
        np.testing.assert_allclose(found, expected, rtol=1e-4 if np.isinf(cut) else 1e-3)


@pytest.mark.slow
def test_single_precision_and_lowering_for_cuda():
    photon, energy = jnp.geomspace(1.0, 1e4, 9, dtype=jnp.float32), jnp.geomspace(0.3, 1e6, 60, dtype=jnp.float32)
    call = jax.jit(lambda p, e: (hadronic_emission(p, e, "kelner06"), *hadronic_neutrinos(p, e)))
    assert all(matrix.dtype == jnp.float32 for matrix in call(photon, energy))
    jax.export.export(call, platforms=["cuda"])(photon, energy)
    double = hadronic_emission(np.asarray(photon, float), np.asarray(energy, float), "kelner06")
    spectrum = law(2.2, energy=np.asarray(energy, float))
    np.testing.assert_allclose(np.asarray(call(photon, energy)[0], float) @ spectrum, double @ spectrum, rtol=3e-5)
