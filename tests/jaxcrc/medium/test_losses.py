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
from jaxcrc.medium.losses import inverse_compton_loss, lepton_loss, synchrotron_loss

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
    photons = {"cmb": PhotonField(0.26, 2.725), "infrared": PhotonField(0.3, 20.0), "optical": PhotonField(0.3, 5000.0)}
    light = Light(3.0, photons=photons)
    total = inverse_compton_loss(energy, FIELDS) + synchrotron_loss(energy, 3.0)
    np.testing.assert_allclose(energy / total, [419.0, 55.7, 9.55], rtol=7e-4)
    np.testing.assert_allclose(lepton_loss(energy, light), total, rtol=1e-14)
    np.testing.assert_allclose(lepton_loss(energy, Light(3.0, photons={})), synchrotron_loss(energy, 3.0))


def test_gradients_against_differences():
    """d ln b along ln E, the field's density and B."""

    def log_loss(at):
        energy, density, field = jnp.exp(at[0]), at[1], at[2]
        return jnp.log(inverse_compton_loss(energy, ["cmb", (20.0, density)]) + synchrotron_loss(energy, field))

    for energy in (1.0, 1e3, 1e5):
        at = jnp.array([np.log(energy), 0.4, 2.0])
        slope = jax.grad(log_loss)(at)
        for i, step in enumerate(1e-5 * np.eye(3)):
            difference = (log_loss(at + step) - log_loss(at - step)) / 2e-5
            assert float(slope[i]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_finite_everywhere_and_keeps_precision(dtype):
    energy = jnp.asarray([1e-9, units.ELECTRON_MASS, 1e-3, 1.0, 1e9], dtype)
    call = jax.jit(lambda e, f: inverse_compton_loss(e, FIELDS) + synchrotron_loss(e, f))
    field = jnp.asarray(0.0, dtype)
    value = call(energy, field)
    assert value.dtype == dtype
    slopes = jax.grad(lambda e, f: call(e, f).sum(), argnums=(0, 1))(energy, field)
    assert all(np.all(np.isfinite(x)) for x in (value, *slopes))
    assert np.all(value[2:] > 0.0)
    assert jax.export.export(call, platforms=["cuda"])(energy, field).out_avals[0].dtype == dtype
