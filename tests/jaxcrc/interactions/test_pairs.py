"""Pair opacity against adaptive quadrature of the printed cross-section, and the known mean free path in the CMB."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from jaxcrc import pair_opacity, units


def breit_wheeler(s: float) -> float:
    """σ/σ_T."""
    beta = np.sqrt(1.0 - 1.0 / s)
    logarithm = np.log((1.0 + beta) / (1.0 - beta))
    return 3.0 / 16.0 * (1.0 - beta**2) * ((3.0 - beta**4) * logarithm - 2.0 * beta * (2.0 - beta**2))


def by_quadrature(photon: float, temperature: float, density: float) -> float:
    """The opacity [kpc⁻¹] by nested adaptive quadrature."""
    thermal = units.BOLTZMANN_GEV_K * temperature
    norm = density * 1e-9 * 15.0 / np.pi**4 / thermal * units.THOMSON_CM2 * 1e3 * units.CM_PER_PC
    least = units.ELECTRON_MASS**2 / photon / thermal

    def integrand(log):
        s0, u = np.exp(log), least * np.exp(log)
        inner = quad(lambda x: np.exp(2.0 * x) * breit_wheeler(np.exp(x)), 0.0, log, epsrel=1e-9)[0] if log else 0.0
        return u**3 / np.expm1(u) * 2.0 / s0**2 * inner

    return norm * quad(integrand, 0.0, np.log1p(50.0 / least), epsrel=1e-8, limit=200)[0]


@pytest.mark.parametrize(("photon", "temperature"), [(2e5, 2.7255), (2e6, 2.7255), (1e5, 30.0), (1e6, 3000.0)])
def test_against_quadrature(photon, temperature):
    found = float(pair_opacity(photon, [(temperature, 0.3)]))
    assert found == pytest.approx(by_quadrature(photon, temperature, 0.3), rel=5e-5)


def test_mean_free_path_in_the_cmb():
    """Shortest near 2 PeV, 7 kpc; opacities of several fields add up."""
    photon = np.geomspace(1e5, 1e8, 301)
    opacity = np.asarray(pair_opacity(photon, ["cmb"]))
    assert 1.5e6 < photon[np.argmax(opacity)] < 3e6
    assert 1.0 / opacity.max() == pytest.approx(7.1, abs=0.2)
    both = pair_opacity(photon, ["cmb", "naima-far-infrared"])
    np.testing.assert_allclose(both, opacity + pair_opacity(photon, ["naima-far-infrared"]), rtol=1e-13)


def test_zero_below_the_threshold_and_finite_everywhere():
    photon = jnp.array([1e-9, 1.0, 1e3, 1e6, 1e12])
    assert np.all(np.asarray(pair_opacity(photon, ["cmb"]))[:2] == 0.0)
    slope = jax.jit(jax.vmap(jax.grad(lambda p: pair_opacity(p, ["cmb", (3000.0, 1.0)]))))(photon)
    assert np.all(np.isfinite(slope))
    single = pair_opacity(photon.astype(jnp.float32), ["cmb"])
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, pair_opacity(photon, ["cmb"]), rtol=1e-4)
