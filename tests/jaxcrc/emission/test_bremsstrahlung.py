"""Bremsstrahlung against published scattering functions, naima, the energy that is lost, and differences."""

from __future__ import annotations

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import Bremsstrahlung, PowerLaw
from scipy.integrate import quad

from jaxcrc import bremsstrahlung_band_emission, bremsstrahlung_emission, bremsstrahlung_loss, units
from jaxcrc.emission.bremsstrahlung import electron_spectrum
from jaxcrc.interactions.bremsstrahlung import FINE_STRUCTURE, scattering_functions

ENERGY = np.geomspace(2e-3, 1e5, 155)


def test_hydrogen_atom():
    """Table 2 of Blumenthal & Gould 1970, in Δ = δ/2α (theirs is 6e-4 lower where screening is complete)."""
    delta = 2.0 * FINE_STRUCTURE * np.array([1e-6, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
    first, second = scattering_functions(jnp.asarray(delta), "neutral")
    np.testing.assert_allclose(first, [45.79, 45.43, 44.11, 42.64, 40.16, 34.97, 29.97, 24.73, 18.09, 13.65], rtol=8e-4)
    np.testing.assert_allclose(
        second, [44.46, 44.38, 43.65, 42.49, 40.19, 34.93, 29.78, 24.34, 17.28, 12.41], rtol=8e-4
    )


def test_bare_charges():
    """φ_1 = φ_2 = 8 [ln(1/δ) − 1/2] for δ → 0, and the neutral atom's where nothing is screened."""
    delta = jnp.array([1e-6, 1e-4])
    for value in scattering_functions(delta, "ionised"):
        np.testing.assert_allclose(value, 8.0 * (-jnp.log(delta) - 0.5), rtol=1e-4)
    pairs = (scattering_functions(jnp.array([0.5]), gas) for gas in ("ionised", "neutral"))
    for bare, bound in zip(*pairs, strict=True):
        np.testing.assert_allclose(bound, bare, rtol=2e-3)


def test_agrees_with_naima():
    """Hydrogen plasma: naima (Baring et al. 1999) has the same Bethe–Heitler term, and beyond it corrections to
    electrons on electrons and at low energies: 3 % above 100 MeV.
    """
    law = PowerLaw(1 / u.GeV, 1 * u.GeV, 2.3)
    limits = {"Eemin": 2 * u.MeV, "Eemax": 1e5 * u.GeV, "nEed": 400}
    theirs = Bremsstrahlung(law, n0=1 / u.cm**3, **limits)
    theirs.weight_ee = theirs.weight_ep = 1.0  # hydrogen alone
    photon = np.array([0.1, 1.0, 10.0, 1e3])
    expected = theirs._spectrum(photon * u.GeV).to_value("1/(s GeV)")
    found = bremsstrahlung_emission(photon, ENERGY, "ionised", helium=0.0) @ ENERGY**-2.3
    np.testing.assert_allclose(found, expected, rtol=0.03)


@pytest.mark.parametrize("gas", ["neutral", "ionised"])
def test_energy_that_is_lost_is_emitted(gas):
    """∫ E_γ dN/dE_γdt dE_γ by adaptive quadrature is the loss rate."""
    for energy in (0.05, 1.0, 1e4):
        most = energy - units.ELECTRON_MASS

        def integrand(y, energy=energy, most=most):
            share = 1.0 / (1.0 + np.exp(-y))
            photon = most * share
            return photon**2 * (1.0 - share) * float(spectrum(photon, energy))

        spectrum = jax.jit(lambda p, e: electron_spectrum(p, e, gas))
        rate = quad(integrand, -25.0, 25.0, epsrel=1e-8, limit=200)[0] * 1.3
        assert float(bremsstrahlung_loss(energy, 1.0, gas)) / units.S_PER_KYR == pytest.approx(rate, rel=3e-6)


def test_strong_shielding():
    """c α r_e² n (4φ_1 − φ_2)/3 E = 8.0e-16 n E s⁻¹ on hydrogen."""
    rate = float(bremsstrahlung_loss(1e4, 2.0, helium=0.0)) / units.S_PER_KYR / 1e4
    assert rate == pytest.approx(2.0 * 8.037e-16, rel=1e-3)


@pytest.mark.parametrize("gas", ["neutral", "ionised"])
def test_converged_on_twenty_energies_a_decade(gas):
    fine, photon = np.geomspace(ENERGY[0], ENERGY[-1], 309), np.geomspace(3e-3, 3e4, 20)
    coarse, finer = (bremsstrahlung_emission(photon, energy, gas) for energy in (ENERGY, fine))
    for index, cut in ((2.0, np.inf), (3.0, np.inf), (2.3, 1e3)):
        expected = np.asarray(finer @ (fine**-index * np.exp(-fine / cut)))
        found = np.asarray(coarse @ (ENERGY**-index * np.exp(-ENERGY / cut)))
        seen = photon < 5.0 * cut
        np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-3)


def test_bands_and_helium():
    low, high = np.array([0.1]), np.array([3.0])
    node, weight = np.polynomial.legendre.leggauss(40)
    photon = low * np.exp(0.5 * np.log(30.0) * (1.0 + node))
    density = ENERGY**-2.4
    emissivity = np.asarray(bremsstrahlung_emission(photon, ENERGY) @ density)
    expected = 0.5 * np.log(30.0) * float(np.sum(weight * photon * emissivity))
    assert float((bremsstrahlung_band_emission(low, high, ENERGY) @ density)[0]) == pytest.approx(expected, rel=1e-6)
    ratio = bremsstrahlung_emission(photon, ENERGY, helium=0.1) @ density
    np.testing.assert_allclose(ratio / (bremsstrahlung_emission(photon, ENERGY, helium=0.0) @ density), 1.3, rtol=1e-12)


@pytest.mark.parametrize("gas", ["neutral", "ionised"])
def test_walk_to_the_limit_and_gradients(gas):
    """Finite at and beyond E − E_γ = m_e; derivatives against differences inside."""
    mass = units.ELECTRON_MASS
    photon = jnp.array([1e-12, 0.3, 1.0 - mass * (1 + 1e-12), 1.0 - mass, 1.0, 5.0])
    spectrum = jax.jit(lambda p, e: electron_spectrum(p, e, gas))
    slopes = jax.jit(jax.grad(lambda p, e: electron_spectrum(p, e, gas).sum(), argnums=(0, 1)))
    energy = jnp.ones_like(photon)
    value = spectrum(photon, energy)
    assert np.all(np.isfinite(value))
    assert np.all(np.asarray(value) >= 0.0)
    assert all(np.all(np.isfinite(slope)) for slope in slopes(photon, energy))
    inside, at = jnp.array([0.01, 0.4, 0.9]), jnp.ones(3)
    for i, steps in enumerate(((1e-6 * inside, 0.0), (0.0, 1e-6))):
        up, down = (spectrum(inside + s * steps[0], at + s * steps[1]) for s in (1.0, -1.0))
        np.testing.assert_allclose(slopes(inside, at)[i], (up - down) / (2.0 * sum(steps)), rtol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float32])
def test_keeps_precision_and_lowers_for_cuda(dtype):
    photon, energy = jnp.geomspace(1e-2, 1e3, 8, dtype=dtype), jnp.asarray(ENERGY, dtype)
    call = jax.jit(lambda p, e: (bremsstrahlung_emission(p, e), bremsstrahlung_loss(e, 1.0)))
    matrix, loss = call(photon, energy)
    assert matrix.dtype == loss.dtype == dtype
    jax.export.export(call, platforms=["cuda"])(photon, energy)
    expected = bremsstrahlung_emission(np.asarray(photon, float), ENERGY) @ ENERGY**-2.4
    np.testing.assert_allclose(np.asarray(matrix, float) @ ENERGY**-2.4, expected, rtol=3e-5)


def test_unknown_gas():
    with pytest.raises(ValueError, match="unknown gas 'ionized'"):
        bremsstrahlung_emission(np.array([1.0]), ENERGY, "ionized")
    with pytest.raises(ValueError, match="unknown gas 'plasma'"):
        bremsstrahlung_loss(1.0, 1.0, "plasma")
