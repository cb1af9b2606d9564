"""The local sea against printed values and measurements."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from scipy.integrate import quad

from jaxcrc.source.sea import LocalSea, local_sea

MASS = 0.93827209
LIGHT_SPEED = 2.99792458e10  # [cm s⁻¹]

# Rigidity [GV], flux [m⁻² s⁻¹ sr⁻¹ GV⁻¹]: AMS-02, Aguilar et al. 2021, Phys. Rep. 894, 1, from the first bin
# above 45 GV to the last, the one that lies farthest from the fit.
AMS02 = [
    (46.76, 0.3775),
    (62.5, 0.1674),
    (111.9, 0.03253),
    (221.7, 0.00479),
    (353.5, 0.001343),
    (725.7, 0.0001905),
    (960.9, 9.068e-05),
    (1417.0, 3.26e-05),
]
# Kinetic energy [GeV], flux [m⁻² s⁻¹ sr⁻¹ GeV⁻¹]: DAMPE 2026, doi 10.1038/s41586-026-10472-0, first bin to last.
DAMPE = [
    (49.81, 0.281),
    (125.1, 0.0227),
    (498.1, 0.000523),
    (1983.0, 1.39e-05),
    (7895.0, 3.99e-07),
    (19830.0, 3.34e-08),
    (49810.0, 2.3e-09),
    (78950.0, 6.05e-10),
    (125100.0, 1.69e-10),
]


def flux(kinetic: np.ndarray) -> np.ndarray:
    """J(T) [m⁻² s⁻¹ sr⁻¹ GeV⁻¹] of the density."""
    speed = np.sqrt(1.0 - (MASS / (kinetic + MASS)) ** 2)
    return np.asarray(local_sea(kinetic)) * speed * LIGHT_SPEED / (4.0 * np.pi) * 1e4


def test_printed_densities():
    # Four digits are printed; two of the six round the fifth.
    expected = [1.553e-10, 9.477e-13, 1.821e-15, 3.488e-18, 9.223e-21, 1.336e-23]
    np.testing.assert_allclose(local_sea(np.geomspace(1.0, 1e5, 6)), expected, rtol=4e-4)


def test_energy_density_above_10_tev():
    # ∫ T n dT = 1.13e-3 eV cm⁻³; all but 2 % of it lies below 1 PeV, all but 0.3 % below 10 PeV.
    integral = quad(lambda u: np.exp(2.0 * u) * float(local_sea(np.exp(u))), np.log(1e4), np.log(1e7), epsrel=1e-6)[0]
    np.testing.assert_allclose(integral * 1e9, 1.13e-3, rtol=5e-3)


def test_joins_at_45_gv():
    kinetic = np.sqrt(45.0**2 + MASS**2) - MASS
    below, above = local_sea(kinetic * np.array([1.0 - 1e-9, 1.0 + 1e-9]))
    # The factor that joins the two forms is given to five digits.
    np.testing.assert_allclose(below, above, rtol=1e-5)


def test_ams02():
    rigidity, measured = np.array(AMS02).T
    kinetic = np.sqrt(rigidity**2 + MASS**2) - MASS
    per_rigidity = flux(kinetic) * rigidity / (kinetic + MASS)
    # The last bin lies 3.53 % off, within its error of 5 %.
    np.testing.assert_allclose(per_rigidity, measured, rtol=0.0355)
    np.testing.assert_allclose(per_rigidity[:5], measured[:5], rtol=0.01)


def test_dampe():
    kinetic, measured = np.array(DAMPE).T
    np.testing.assert_allclose(0.977 * flux(kinetic), measured, rtol=0.045 / 0.977)


def test_slopes_of_the_three_branches():
    def slope(kinetic: float) -> float:
        """d ln n/d ln R."""
        by_kinetic = jax.grad(lambda u: jnp.log(local_sea(jnp.exp(u))))(jnp.log(kinetic))
        return float(by_kinetic) * (kinetic + 2.0 * MASS) / (kinetic + MASS)

    # −γ, −γ+Δ₁ and −γ+Δ₁−Δ₂; each bend is still felt, as Δ/(1 + (R_i/R)^{Δ/s}): +0.009 at 100 GeV, −0.005 at 3 TeV.
    np.testing.assert_allclose(slope(100.0), -2.8165 + 0.009, atol=2e-3)
    np.testing.assert_allclose(slope(3e3), -2.8165 + 0.2526 - 0.005, atol=2e-3)
    np.testing.assert_allclose(slope(1e6), -2.8165 + 0.2526 - 0.3255, atol=1e-3)


def test_module():
    kinetic = jnp.geomspace(0.1, 1e6, 9)
    sea = LocalSea()
    np.testing.assert_array_equal(sea(kinetic), local_sea(kinetic))
    assert sea.reference == "ams02-dampe"
    with pytest.raises(ValueError, match=r"unknown cosmic-ray sea 'ams'; known: ams02-dampe"):
        LocalSea(reference="ams")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lowers_for_cuda_and_keeps_the_dtype(dtype):
    kinetic = jnp.geomspace(0.1, 1e6, 5, dtype=dtype)
    lowered = export.export(jax.jit(jax.vmap(jax.value_and_grad(local_sea))), platforms=["cuda"])(kinetic)
    assert {leaf.dtype for leaf in lowered.out_avals} == {np.dtype(dtype)}
    values, slopes = jax.vmap(jax.value_and_grad(local_sea))(kinetic)
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(slopes))
    np.testing.assert_allclose(values, local_sea(np.asarray(kinetic, float)), rtol=1e-5)
