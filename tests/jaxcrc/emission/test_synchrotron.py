"""Synchrotron emission against naima, the exact function, the energy that is lost, and differences."""

from __future__ import annotations

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import ExponentialCutoffPowerLaw, Synchrotron
from scipy.special import kv

from jaxcrc import synchrotron_band_emission, synchrotron_emission, synchrotron_loss, units
from jaxcrc.emission.synchrotron import CRITICAL, electron_spectrum, emissivity_function

ENERGY = np.geomspace(1.0, 1e6, 121)
PHOTON = np.geomspace(1e-9, 1e-4, 11)  # 1 eV to 100 keV


def test_agrees_with_naima():
    law = ExponentialCutoffPowerLaw(1 / u.GeV, 1 * u.GeV, 2.4, 5e4 * u.GeV)
    theirs = Synchrotron(law, B=5 * u.uG, Eemin=1 * u.GeV, Eemax=1 * u.PeV, nEed=800)
    expected = theirs._spectrum(PHOTON * u.GeV).to_value("1/(s GeV)")
    found = synchrotron_emission(PHOTON, ENERGY, 5.0) @ (ENERGY**-2.4 * np.exp(-ENERGY / 5e4))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_published_emissivities():
    """3 µG, n_e = E^-2.2 from 1 GeV to 1 PeV, in s⁻¹ keV⁻¹."""
    found = synchrotron_emission(np.array([1e-6, 5e-6]), ENERGY, 3.0) @ ENERGY**-2.2
    np.testing.assert_allclose(found * 1e-6, [1.075e-7, 7.91e-9], rtol=6e-4)


def test_against_the_exact_function():
    """Mean over pitch angles by Bessel functions (Aharonian, Kelner & Prosekin 2010, Eq. D5): 0.2 %, as they say."""
    x = np.geomspace(1e-6, 15.0, 400)
    one, two = kv(1.0 / 3.0, 0.5 * x), kv(2.0 / 3.0, 0.5 * x)
    exact = x / 20.0 * ((8.0 + 3.0 * x**2) * one**2 + x * two * (2.0 * one - 3.0 * x * two))
    np.testing.assert_allclose(emissivity_function(x), exact, rtol=2e-3)


@pytest.mark.parametrize(("energy", "field"), [(10.0, 3.0), (1e5, 200.0)])
def test_energy_that_is_lost_is_emitted(energy, field):
    """∫ E_γ dN/dE_γdt dE_γ is the loss rate, within the 0.06 % that the approximation of G leaves."""
    node, weight = np.polynomial.legendre.leggauss(200)
    photon = CRITICAL * field * (energy / units.ELECTRON_MASS) ** 2 * np.exp(17.0 * node - 13.0)
    rate = np.sum(17.0 * weight * photon**2 * np.asarray(electron_spectrum(field, photon, energy)))
    assert rate * units.S_PER_KYR == pytest.approx(float(synchrotron_loss(energy, field)), rel=1e-3)


def test_spectral_index():
    """Electrons E^-p make photons E^-(p+1)/2 where neither end of the grid counts."""
    photon = np.array([1e-9, 1e-8])
    value = np.log(np.asarray(synchrotron_emission(photon, ENERGY, 10.0) @ ENERGY**-2.5))
    assert (value[1] - value[0]) / np.log(10.0) == pytest.approx(-1.75, abs=1e-4)


def test_converged_on_twenty_energies_a_decade():
    fine = np.geomspace(1.0, 1e6, 241)
    photon = np.geomspace(1e-9, 1e-4, 25)
    coarse, finer = (synchrotron_emission(photon, energy, 3.0) for energy in (ENERGY, fine))
    for index in (1.5, 2.5, 3.3):
        whole = np.asarray(finer @ fine**-index)
        np.testing.assert_allclose(coarse @ ENERGY**-index, whole, rtol=3e-4)
        expected = np.asarray(finer @ (fine**-index * np.exp(-fine / 1e4)))
        found = np.asarray(coarse @ (ENERGY**-index * np.exp(-ENERGY / 1e4)))
        seen = expected > 1e-3 * whole
        assert np.any(expected[seen] < 0.1 * whole[seen])
        np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-3)


def test_bands_are_integrals_of_the_emissivity():
    low, high = np.array([1e-7]), np.array([1e-5])
    node, weight = np.polynomial.legendre.leggauss(40)
    photon = low * np.exp(0.5 * np.log(100.0) * (1.0 + node))
    emissivity = synchrotron_emission(photon, ENERGY, 3.0) @ ENERGY**-2.4
    expected = 0.5 * np.log(100.0) * float(np.sum(weight * photon * np.asarray(emissivity)))
    assert float((synchrotron_band_emission(low, high, ENERGY, 3.0) @ ENERGY**-2.4)[0]) == pytest.approx(expected, 1e-6)


@pytest.mark.slow
def test_gradients_against_differences():
    """d ln q along the index, the cut-off and B, which is traced through the matrix."""
    photon, energy = jnp.array([1e-8, 1e-6, 1e-5]), jnp.asarray(ENERGY)

    @jax.jit
    def log_emissivity(at):
        index, log_cut, field = at
        density = energy**-index * jnp.exp(-energy / jnp.exp(log_cut))
        return jnp.log(synchrotron_emission(photon, energy, field) @ density)

    at = jnp.array([2.3, np.log(5e4), 4.0])
    slope = jax.jit(jax.jacfwd(log_emissivity))(at)
    for i, step in enumerate(1e-4 * np.eye(3)):
        difference = (log_emissivity(at + step) - log_emissivity(at - step)) / 2e-4
        np.testing.assert_allclose(slope[:, i], difference, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("dtype", [jnp.float32])
def test_finite_everywhere_keeps_precision_and_lowers_for_cuda(dtype):
    def total(field, photon, energy):
        return electron_spectrum(field, photon, energy).sum()

    photon, energy = jnp.asarray([1e-18, 1e-9, 1e-3, 1.0], dtype), jnp.asarray([5.1e-4, 1.0, 1e3, 1e7], dtype)
    slopes = jax.grad(total, argnums=(0, 1, 2))(jnp.asarray(1e-3, dtype), photon, energy)
    assert all(np.all(np.isfinite(slope)) for slope in slopes)
    call = jax.jit(lambda p, e: synchrotron_emission(p, e, 3.0))
    wanted, grid = jnp.asarray(PHOTON, dtype), jnp.asarray(ENERGY, dtype)
    matrix = call(wanted, grid)
    assert matrix.dtype == dtype
    assert jax.export.export(call, platforms=["cuda"])(wanted, grid).out_avals[0].dtype == dtype
    expected = synchrotron_emission(PHOTON, ENERGY, 3.0) @ ENERGY**-2.4
    np.testing.assert_allclose(np.asarray(matrix, float) @ ENERGY**-2.4, expected, rtol=1e-4)


@pytest.mark.parametrize(("field", "message"), [(0.0, "field holds 0.0 µG"), (np.ones(2), "field has 2 values")])
def test_bad_field(field, message):
    with pytest.raises(ValueError, match=message):
        synchrotron_emission(PHOTON, ENERGY, field)
