"""Inverse Compton emission against adaptive quadrature, published numbers, naima and the energy that is lost."""

from __future__ import annotations

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import ExponentialCutoffPowerLaw, InverseCompton
from scipy.integrate import quad

from jaxcrc import units
from jaxcrc.emission.compton import KERNELS, inverse_compton_band_emission, inverse_compton_emission
from jaxcrc.medium.losses import inverse_compton_loss

ENERGY = np.geomspace(1.0, 1e6, 121)
FINE = np.geomspace(1.0, 1e6, 241)
CMB = (2.725, 0.26)
FIELDS = [CMB, (20.0, 0.3), (5000.0, 0.3), (20000.0, 0.1)]


def jones(photon: float, energy: float, temperature: float, density: float) -> float:
    """dN/dE_γdt [GeV⁻¹ s⁻¹] by adaptive quadrature over the photons of the field, from the kernel as printed."""
    gamma, z = energy / units.ELECTRON_MASS, photon / energy
    thermal = units.BOLTZMANN_GEV_K * temperature
    least = z * units.ELECTRON_MASS / (4.0 * gamma * (1.0 - z))

    def integrand(log):
        eps = least * np.exp(log)
        q, u_ = least / eps, eps / thermal
        big = 4.0 * eps * gamma / units.ELECTRON_MASS
        bracket = 2 * q * np.log(q) + (1 + 2 * q) * (1 - q) + 0.5 * (big * q) ** 2 * (1 - q) / (1 + big * q)
        return eps**2 / np.expm1(u_) * bracket

    end = np.log1p(60.0 * thermal / least)
    value = quad(integrand, 0.0, end, epsrel=1e-10, epsabs=0.0, limit=400)[0]
    black = np.pi**2 / 15.0 * thermal**4 / units.HBAR_C_GEV_CM**3
    dilution = density * 1e-9 / black
    number = dilution / (np.pi**2 * units.HBAR_C_GEV_CM**3)
    return 0.75 * units.THOMSON_CM2 * units.LIGHT_SPEED_CM_S / gamma**2 * number * value


def one_electron(photon, energy, temperature, density, method="exact"):
    thermal = units.BOLTZMANN_GEV_K * temperature
    return density * np.asarray(KERNELS[method](thermal, np.asarray(photon), np.asarray(energy)))


@pytest.mark.parametrize("field", FIELDS, ids=["cmb", "20 K", "5000 K", "20000 K"])
def test_one_electron_against_quadrature(field):
    """Both integrate the same kernel: 1e-8 of the value, from deep Thomson to deep Klein–Nishina."""
    for energy in (10.0, 1e3, 1e5):
        photon = energy * np.array([1e-6, 1e-3, 0.1, 0.6, 0.95, 0.9999])
        expected = np.array([jones(one, energy, *field) for one in photon])
        found = one_electron(photon, energy, *field)
        seen = expected > 1e-60
        np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-8)
        assert seen.sum() >= 1


def test_spot_values():
    found = one_electron([1e2, 1e3, 1e3, 2e4], [1e4, 1e4, 1e5, 1e5], *CMB)
    np.testing.assert_allclose(found, [1.8056e-14, 9.425e-16, 3.598e-16, 1.0538e-16], rtol=2e-3)


@pytest.mark.parametrize("temperature", [2.725, 20.0, 5000.0])
def test_khangulyan_is_within_a_per_cent(temperature):
    energy = np.geomspace(1e4, 1e5, 5)[:, None]
    photon = energy * np.geomspace(1e-5, 0.99, 30)
    exact = one_electron(photon, energy, temperature, 1.0)
    seen = exact > 1e-10 * exact.max()
    ratio = one_electron(photon, energy, temperature, 1.0, "khangulyan14") / exact
    assert 0.001 < np.max(np.abs(ratio[seen] - 1.0)) < 0.01


@pytest.mark.parametrize(
    ("index", "expected"), [(2.2, [1.807e-15, 2.503e-20, 4.804e-22]), (3.2, [3.928e-18, 1.613e-24, 8.599e-27])]
)
def test_published_emissivities(index, expected):
    """Electrons E^-p from 1 GeV to 1 PeV in the CMB, as written down to 1e-3."""
    found = inverse_compton_emission(np.array([1.0, 1e3, 1e4]), ENERGY, [(2.725, 0.2604)]) @ ENERGY**-index
    np.testing.assert_allclose(found, expected, rtol=1.2e-3)


def test_agrees_with_naima():
    """naima uses Khangulyan's form, as does the method of that name here: 1e-3 with its grid made fine."""
    law = ExponentialCutoffPowerLaw(1 / u.GeV, 1 * u.GeV, 2.4, 5e4 * u.GeV)
    fields = [["CMB", 2.725 * u.K, 0.2604 * u.eV / u.cm**3], ["IR", 20 * u.K, 0.3 * u.eV / u.cm**3]]
    theirs = InverseCompton(law, fields, Eemin=1 * u.GeV, Eemax=1 * u.PeV, nEed=800)
    photon = np.array([1e-3, 1.0, 1e2, 1e3, 1e4, 5e4])
    expected = theirs._spectrum(photon * u.GeV).to_value("1/(s GeV)")
    pairs = [(2.725, 0.2604), (20.0, 0.3)]
    found = inverse_compton_emission(photon, ENERGY, pairs, "khangulyan14") @ (ENERGY**-2.4 * np.exp(-ENERGY / 5e4))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize("field", FIELDS, ids=["cmb", "20 K", "5000 K", "20000 K"])
def test_energy_that_is_lost_is_emitted(field):
    """∫ E_γ dN/dE_γdt dE_γ is the loss rate: two integrals of one cross-section, done differently."""
    node, weight = np.polynomial.legendre.leggauss(400)
    for energy in (10.0, 1e3, 1e5):
        # In ln[z/(1 − z)] the spectrum is smooth from the Thomson end to the recoil's.
        y = 0.5 * 60.0 * node - 20.0
        z = 1.0 / (1.0 + np.exp(-y))
        photon = energy * z
        rate = np.sum(30.0 * weight * z * (1.0 - z) * energy * photon * one_electron(photon, energy, *field))
        lost = float(inverse_compton_loss(energy, [field])) / units.S_PER_KYR
        # The spectrum is that of γ ≫ 1: γ² where the loss has γ² − 1.
        assert rate == pytest.approx(lost, rel=1e-6 + (units.ELECTRON_MASS / energy) ** 2)


@pytest.mark.parametrize("field", FIELDS, ids=["cmb", "20 K", "5000 K", "20000 K"])
def test_converged_on_twenty_energies_a_decade(field):
    """Doubling the grid: power laws up to its end 1e-4; cut-offs 1e-3 until a thousandth of the law is left."""
    photon = np.geomspace(1e-3, 3e5, 40)
    coarse, fine = (inverse_compton_emission(photon, energy, [field]) for energy in (ENERGY, FINE))
    for index in (1.5, 2.2, 3.2):
        whole = np.asarray(fine @ FINE**-index)
        np.testing.assert_allclose(coarse @ ENERGY**-index, whole, rtol=1e-4)
        for cut in (1e3, 3e4):
            expected = np.asarray(fine @ (FINE**-index * np.exp(-FINE / cut)))
            found = np.asarray(coarse @ (ENERGY**-index * np.exp(-ENERGY / cut)))
            seen = expected > 1e-3 * whole
            assert np.any(expected[seen] < 1e-2 * whole[seen])
            np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-3)


def test_cut_offs_stay_positive():
    matrix = inverse_compton_emission(np.geomspace(1e-3, 1e6, 64), ENERGY, FIELDS)
    for cut in (30.0, 1e4):
        for sharpness in (0.5, 1.0, 2.0):
            emissivity = matrix @ (ENERGY**-2.2 * np.exp(-((ENERGY / cut) ** sharpness)))
            assert np.all(np.isfinite(emissivity))
            assert np.all(emissivity >= 0.0)


def test_bands_are_integrals_of_the_emissivity():
    low, high = np.array([0.1, 300.0]), np.array([10.0, 3e4])
    node, weight = np.polynomial.legendre.leggauss(40)
    half = 0.5 * np.log(high / low)[:, None]
    photon = low[:, None] * np.exp(half * (1.0 + node))
    density = ENERGY**-2.4 * np.exp(-ENERGY / 4e4)
    emissivity = np.asarray(inverse_compton_emission(photon.ravel(), ENERGY, FIELDS) @ density).reshape(photon.shape)
    expected = np.sum(half * weight * photon * emissivity, axis=1)
    np.testing.assert_allclose(inverse_compton_band_emission(low, high, ENERGY, FIELDS) @ density, expected, rtol=1e-6)


@pytest.mark.slow
def test_gradients_against_differences():
    """d ln q along the index, the cut-off and the field's density, through the matrix."""
    photon, energy = jnp.array([0.1, 10.0, 1e3, 3e4]), jnp.asarray(ENERGY)

    @jax.jit
    def log_emissivity(at):
        index, log_cut, density = at
        matrix = inverse_compton_emission(photon, energy, ["cmb", (20.0, density)])
        return jnp.log(matrix @ (energy**-index * jnp.exp(-energy / jnp.exp(log_cut))))

    at = jnp.array([2.3, np.log(5e4), 0.4])
    slope = jax.jit(jax.jacfwd(log_emissivity))(at)
    for i, step in enumerate(1e-4 * np.eye(3)):
        difference = (log_emissivity(at + step) - log_emissivity(at - step)) / 2e-4
        np.testing.assert_allclose(slope[:, i], difference, rtol=1e-5, atol=1e-9)


def test_walk_across_the_kinematic_limit():
    """Value and derivatives are finite on it, beyond it, and where nothing is left of the field."""
    photon = jnp.array([1e-9, 1e-3, 1.0, 1.0 - 1e-15, 1.0 + 1e-15, 5.0, 1e9])
    for method in KERNELS:

        def total(p, e, kernel=KERNELS[method]):
            value = kernel(2.35e-13, p, e)
            return value.sum(), value

        energy = jnp.ones_like(photon)
        (_, value), slopes = jax.jit(jax.value_and_grad(total, argnums=(0, 1), has_aux=True))(photon, energy)
        assert np.all(np.isfinite(value))
        assert np.all(np.asarray(value) >= 0.0)
        assert all(np.all(np.isfinite(slope)) for slope in slopes)


@pytest.mark.parametrize("dtype", [jnp.float32])
def test_keeps_precision_and_lowers_for_cuda(dtype):
    photon, energy = jnp.geomspace(1e-2, 1e4, 8, dtype=dtype), jnp.geomspace(1.0, 1e6, 61, dtype=dtype)
    call = jax.jit(lambda p, e: inverse_compton_emission(p, e, FIELDS))
    found = call(photon, energy)
    assert found.dtype == dtype
    assert jax.export.export(call, platforms=["cuda"])(photon, energy).out_avals[0].dtype == dtype
    double = inverse_compton_emission(np.asarray(photon, float), np.asarray(energy, float), FIELDS)
    law = np.asarray(energy, float) ** -2.4
    np.testing.assert_allclose(np.asarray(found, float) @ law, double @ law, rtol=3e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fields": ["cbm"]}, "unknown photon field 'cbm'; did you mean 'cmb'"),
        ({"fields": []}, "no photon field is given"),
        ({"fields": [(0.0, 1.0)]}, "has the temperature 0.0 K"),
        ({"fields": [(1.0,)]}, "is no photon field"),
        ({"method": "thomson"}, "unknown method of inverse Compton emission 'thomson'"),
        ({"energy": np.array([1.0])}, "energy holds one value"),
    ],
)
def test_bad_input(arguments, message):
    good = {"photon": np.array([1.0]), "energy": np.array([1.0, 2.0, 3.0]), "fields": ["cmb"]}
    with pytest.raises(ValueError) as error:
        inverse_compton_emission(**{**good, **arguments})
    assert message in str(error.value)
