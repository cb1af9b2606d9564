"""Energy losses against published numbers, limits and quadrature."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import spence

from jaxcrc import units
from jaxcrc.interactions.compton import recoil
from jaxcrc.medium.light import Light, PhotonField
from jaxcrc.medium.losses import (
    bremsstrahlung_loss,
    coulomb_loss,
    inverse_compton_loss,
    ionisation_loss,
    lepton_loss,
    pion_loss,
    proton_loss,
    synchrotron_loss,
)

FIELDS = [(2.725, 0.26), (20.0, 0.3), (5000.0, 0.3)]


def test_thomson_limit():
    """1.01836e-16 GeV/s × U[eV cm⁻³] E² where recoil does not matter; a field of B has U = B²/8π."""
    energy = np.array([0.1, 1.0, 10.0])
    expected = 1.01836e-16 * energy**2 * units.S_PER_KYR
    gamma2 = (energy / units.ELECTRON_MASS) ** 2
    np.testing.assert_allclose(inverse_compton_loss(energy, [(1e-3, 1.0)]) / (1.0 - 1.0 / gamma2), expected, rtol=1e-5)
    energy_density = 9.0e-12 / (8.0 * np.pi) / units.ERG_PER_GEV * 1e9
    np.testing.assert_allclose(synchrotron_loss(energy, 3.0), energy_density * expected * (1 - 1 / gamma2), rtol=1e-5)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(2.725, [0.9788, 0.8250, 0.3310]), (20.0, [0.8647, 0.4020, 0.0548]), (5000.0, [0.0180, 6.0e-4, 1.2e-5])],
)
def test_ratio_to_thomson(temperature, expected):
    """At 1, 10 and 100 TeV, to the digits given."""
    gamma = np.array([1e3, 1e4, 1e5]) / units.ELECTRON_MASS
    found = recoil(4.0 * units.BOLTZMANN_GEV_K * temperature / units.ELECTRON_MASS * gamma)
    np.testing.assert_allclose(found, expected, rtol=3e-2 if temperature > 1e3 else 1.2e-3)


def test_recoil_against_the_closed_form():
    """F₁(b) = 9g(b)/b³ (Moderski et al. 2005) averaged over the Planck spectrum by adaptive quadrature."""

    def mono(b):
        g = (0.5 * b + 6.0 + 6.0 / b) * np.log1p(b) - (11.0 / 12.0 * b**3 + 6.0 * b**2 + 9.0 * b + 4.0) / (1.0 + b) ** 2
        return 9.0 * (g - 2.0 + 2.0 * spence(1.0 + b)) / b**3

    def integrand(s, b):
        return np.exp(4.0 * s) / np.expm1(np.exp(s)) * mono(b * np.exp(s))

    for b in (0.5, 3.0, 100.0, 1e5):
        # Below b u = 0.02 the closed form loses its digits; F₁ is 1 − (63/40) b u there.
        low = 0.02 / b
        value = quad(integrand, np.log(low), 4.1, (b,), epsrel=1e-10, limit=200)[0] + low**3 / 3.0 * (1.0 - 0.024)
        assert float(recoil(jnp.asarray(b))) == pytest.approx(15.0 / np.pi**4 * value, rel=1e-6)


def test_recoil_limits():
    """1 − (63/40) b⟨u⟩ for b → 0, and falling for ever."""
    b = np.array([1e-7, 1e-6])
    mean = 24.886266 / (np.pi**4 / 15.0)  # ∫u⁴/(eᵘ − 1) / ∫u³/(eᵘ − 1)
    np.testing.assert_allclose(1.0 - recoil(b), 63.0 / 40.0 * mean * b, rtol=1e-4, atol=1e-9)
    assert np.all(np.diff(recoil(np.geomspace(1e-8, 1e8, 400))) <= 0.0)


def test_cooling_times():
    """E/b = 419, 55.7, 9.55 kyr at 1, 10, 100 TeV in 3 µG and the fields around Geminga."""
    energy = np.array([1e3, 1e4, 1e5])
    photons = {
        "cmb": PhotonField(energy_density=0.26, temperature=2.725),
        "infrared": PhotonField(energy_density=0.3, temperature=20.0),
        "optical": PhotonField(energy_density=0.3, temperature=5000.0),
    }
    light = Light(magnetic_field=3.0, photons=photons)
    total = inverse_compton_loss(energy, FIELDS) + synchrotron_loss(energy, 3.0)
    np.testing.assert_allclose(energy / total, [419.0, 55.7, 9.55], rtol=7e-4)
    np.testing.assert_allclose(lepton_loss(energy, light), total, rtol=1e-14)
    np.testing.assert_allclose(
        lepton_loss(energy, Light(magnetic_field=3.0, photons={})), synchrotron_loss(energy, 3.0)
    )
    np.testing.assert_allclose(lepton_loss(energy, light, 2.0), total + bremsstrahlung_loss(energy, 2.0), rtol=1e-14)


def test_gradients_against_differences():
    """d ln b along ln E, the field's density and B."""

    @jax.jit
    def log_loss(at):
        energy, density, field = jnp.exp(at[0]), at[1], at[2]
        return jnp.log(inverse_compton_loss(energy, ["cmb", (20.0, density)]) + synchrotron_loss(energy, field))

    for energy in (1.0, 1e3, 1e5):
        at = jnp.array([np.log(energy), 0.4, 2.0])
        slope = jax.jit(jax.grad(log_loss))(at)
        for i, step in enumerate(1e-5 * np.eye(3)):
            difference = (log_loss(at + step) - log_loss(at - step)) / 2e-5
            assert float(slope[i]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32])
def test_finite_everywhere_and_keeps_precision(dtype):
    energy = jnp.asarray([1e-9, units.ELECTRON_MASS, 1e-3, 1.0, 1e9], dtype)
    call = jax.jit(lambda e, f: inverse_compton_loss(e, FIELDS) + synchrotron_loss(e, f))
    field = jnp.asarray(0.0, dtype)
    value = call(energy, field)
    assert value.dtype == dtype
    slopes = jax.jit(jax.grad(lambda e, f: call(e, f).sum(), argnums=(0, 1)))(energy, field)
    assert all(np.all(np.isfinite(x)) for x in (value, *slopes))
    assert np.all(value[2:] > 0.0)
    assert jax.export.export(call, platforms=["cuda"])(energy, field).out_avals[0].dtype == dtype


EV_S = 1e9 / units.S_PER_KYR  # eV s⁻¹ per GeV kyr⁻¹


def test_ionisation_and_coulomb_losses():
    """Protons of 1, 10, 100 MeV and 1 GeV on neutral hydrogen, and on electrons of 1e4 K, one per cm³ [eV s⁻¹]."""
    energy = np.array([1e-3, 1e-2, 0.1, 1.0])
    found = ionisation_loss(energy, 1.0, helium=0.0) * EV_S
    np.testing.assert_allclose(found, [1.571e-6, 7.418e-7, 3.290e-7, 1.976e-7], rtol=4e-4)
    found = coulomb_loss(energy, 1.0, 1e4) * EV_S
    np.testing.assert_allclose(found, [1.050e-5, 3.588e-6, 1.294e-6, 6.693e-7], rtol=5e-4)


def test_ionisation_is_near_the_published_fit():
    """1.82e-7 n β⁻¹ (1 + 0.185 ln β) eV s⁻¹ of Mannheim & Schlickeiser (1994), within 10 %."""
    energy = np.geomspace(1e-3, 1.0, 7)
    gamma = 1.0 + energy / units.PROTON_MASS
    beta = np.sqrt(1.0 - gamma**-2)
    fit = 1.82e-7 / beta * (1.0 + 0.185 * np.log(beta))
    np.testing.assert_allclose(ionisation_loss(energy, 1.0, helium=0.0) * EV_S, fit, rtol=0.1)


def test_pion_losses():
    """T/b = 79.7, 75.1, 67.3, 49.1 Myr at 10, 100 GeV, 1, 100 TeV; near the formula of Krakau & Schlickeiser 2015."""
    energy = np.array([10.0, 100.0, 1e3, 1e5])
    np.testing.assert_allclose(energy / pion_loss(energy, 1.0) / 1e3, [79.7, 75.1, 67.3, 49.1], rtol=1e-3)
    total = energy + units.PROTON_MASS
    other = 3.85e-16 * total**1.28 * (total + 200.0) ** -0.2 * units.S_PER_KYR
    np.testing.assert_allclose(pion_loss(energy, 1.0), other, rtol=0.45)


def test_proton_losses_add_up_and_every_argument_counts():
    energy = jnp.array([1e-3, 0.1, 10.0])
    total = proton_loss(energy, 3.0, 0.25, 8e3, 0.1, 0.5)
    parts = pion_loss(energy, 3.0, 0.5) + ionisation_loss(energy, 2.25, 0.1) + coulomb_loss(energy, 0.75, 8e3)
    np.testing.assert_allclose(total, parts, rtol=1e-14)

    @jax.jit
    def log_loss(at):
        return jnp.log(proton_loss(energy, at[0], at[1], at[2], at[3], at[4])).sum()

    at = jnp.array([3.0, 0.25, 8e3, 0.1, 0.5])
    slope = jax.jit(jax.grad(log_loss))(at)
    assert np.all(slope != 0.0)
    for i, step in enumerate(1e-5 * np.diag(at)):
        difference = (log_loss(at + step) - log_loss(at - step)) / (2.0 * step[i])
        assert float(slope[i]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32])
def test_proton_losses_are_finite_everywhere_and_keep_precision(dtype):
    """From below 1 MeV, in gas that is all neutral, all ionised, or not there."""
    energy = jnp.asarray([1e-6, 1e-3, 0.2796, 1.0, 1e8], dtype)
    call = jax.jit(lambda e, n, x: proton_loss(e, n, x))
    slope = jax.jit(jax.grad(lambda *a: proton_loss(*a).sum(), argnums=(0, 1, 2)))
    for density, ionised in ((1.0, 0.0), (1.0, 1.0), (0.0, 0.5)):
        args = energy, jnp.asarray(density, dtype), jnp.asarray(ionised, dtype)
        value = call(*args)
        assert value.dtype == dtype
        assert all(np.all(np.isfinite(x)) for x in (value, *slope(*args)))
    np.testing.assert_allclose(call(energy, 1.0, 0.3), proton_loss(np.asarray(energy, float), 1.0, 0.3), rtol=2e-5)
    jax.export.export(call, platforms=["cuda"])(energy, jnp.asarray(1.0, dtype), jnp.asarray(0.0, dtype))
