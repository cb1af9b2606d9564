"""Hadronic emission matrices against naima, published numbers and differences."""

from __future__ import annotations

import json
from pathlib import Path

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import PionDecay, PowerLaw
from scipy.integrate import simpson

from jaxcrc import units
from jaxcrc.emission import product
from jaxcrc.emission.hadronic import MODELS, hadronic_band_emission, hadronic_cross_section, hadronic_emission

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "hadronic_naima.json").read_text())
PYTHIA = "kafexhiu14-pythia8"
KAFEXHIU = [name for name in MODELS if name.startswith("kafexhiu14")]
DECADES = np.log10(REFERENCE["t_max"] / REFERENCE["t_min"])


def grid(per_decade: int = 20) -> np.ndarray:
    """Kinetic energies [GeV] from the threshold to 10 PeV."""
    return np.geomspace(REFERENCE["t_min"], REFERENCE["t_max"], int(np.ceil(per_decade * DECADES)) + 1)


ENERGY = grid()


def total_energy_law(index, energy=ENERGY):
    """(E_tot/GeV)^-index at kinetic energies."""
    return (energy + units.PROTON_MASS) ** -index


@pytest.mark.parametrize("nuclei", [False, True])
@pytest.mark.parametrize("model", KAFEXHIU)
def test_emissivity_agrees_with_naima(model, nuclei):
    """Stored numbers of naima on 6000 energies a decade, which its jumps leave 5e-5 off (half a step times 10 %)."""
    photon = np.array(REFERENCE["photon"])
    matrix = hadronic_emission(photon, ENERGY, model, "kafexhiu14" if nuclei else "none")
    rows = [row for row in REFERENCE["rows"] if row["model"] == model and row["nuclei"] == nuclei]
    assert len(rows) == 3
    for row in rows:
        found = np.asarray(matrix @ total_energy_law(row["index"]))
        np.testing.assert_allclose(found, row["q"], rtol=1e-4)


def test_emissivity_agrees_with_naima_live():
    """The stored numbers are naima's: one of them is made again, on 800 energies a decade (its own error 3e-4)."""
    mass = PionDecay._m_p
    limits = {"Epmin": (mass + REFERENCE["t_min"]) * u.GeV, "Epmax": (mass + REFERENCE["t_max"]) * u.GeV}
    law = PowerLaw(1 / u.GeV, 1 * u.GeV, 2.7)
    pions = PionDecay(law, nuclear_enhancement=False, hiEmodel="SIBYLL", useLUT=False, nEpd=800, **limits)
    photon = np.array([0.1, 0.5, 1.0, 5.0, 100.0, 1e4])
    expected = pions._spectrum(photon * u.GeV).to_value("1/(s GeV)")
    found = hadronic_emission(photon, ENERGY, "kafexhiu14-sibyll") @ total_energy_law(2.7)
    np.testing.assert_allclose(found, expected, rtol=3e-4)


@pytest.mark.parametrize(
    ("model", "index", "photon", "expected"),
    [
        (PYTHIA, 2.0, [10.0, 1e3, 1e4], [1.476e-18, 2.127e-22, 2.431e-24]),
        (PYTHIA, 2.2, [1.0, 10.0, 1e3, 1e4], [6.018e-17, 5.176e-19, 3.035e-23, 2.211e-25]),
        (PYTHIA, 2.7, [1.0, 10.0, 1e3, 1e4], [1.793e-17, 4.805e-20, 2.997e-25, 6.951e-28]),
        ("kafexhiu14-geant4", 2.2, [1e3], [2.780e-23]),
    ],
)
def test_published_emissivities(model, index, photon, expected):
    """Four digits; 4e-4 is half of the last, and what a grid of 100 energies a decade costs."""
    found = hadronic_emission(np.array(photon), ENERGY, model) @ total_energy_law(index)
    np.testing.assert_allclose(found, expected, rtol=4e-4)


def test_flux_of_a_cloud():
    """6e4 solar masses at 2 kpc in a sea E_tot^-2.2, photons of 1 TeV: F = M/(1.4 m_H)/(4π d²) ⟨q/n_H⟩."""
    hydrogen = 6e4 * units.SOLAR_MASS_G / (1.4 * units.HYDROGEN_MASS_G)
    area = 4.0 * np.pi * (2000.0 * units.CM_PER_PC) ** 2
    q = (hadronic_emission(np.array([1e3]), ENERGY) @ total_energy_law(2.2))[0]
    assert float(hydrogen / area * q) == pytest.approx(3.229e-6, rel=2e-4)


@pytest.mark.parametrize("model", [PYTHIA, "kafexhiu14-qgsjet"])
def test_converged_on_twenty_energies_a_decade(model):
    photon, fine = np.geomspace(0.05, 1e5, 33), np.geomspace(ENERGY[0], ENERGY[-1], 2 * ENERGY.size - 1)
    coarse, finer = (hadronic_emission(photon, energy, model) for energy in (ENERGY, fine))
    for index in (2.0, 2.7):
        for cut in (np.inf, 1e5):
            found, expected = (
                np.asarray(matrix @ (total_energy_law(index, energy) * np.exp(-energy / cut)))
                for matrix, energy in ((coarse, ENERGY), (finer, fine))
            )
            np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("cut", [3.0, 100.0, 1e4])
def test_cut_offs_stay_positive(cut, sharpness):
    """Up to photons of a hundred times the cut-off, where the density has fallen below 1e-300."""
    photon = np.geomspace(0.05, min(100.0 * cut, 1e6), 64)
    emissivity = hadronic_emission(photon, ENERGY) @ (total_energy_law(2.2) * jnp.exp(-((ENERGY / cut) ** sharpness)))
    assert np.all(np.isfinite(emissivity))
    assert np.all(emissivity >= 0.0)


def test_hidden_sources_stay_positive():
    """Densities that rise steeply, as far from a source that low energies have not left: exp(−(T_0/T)^δ)."""
    matrix = hadronic_emission(np.geomspace(0.05, 1e5, 64), ENERGY)
    for start, delta in ((1e3, 0.3), (1e5, 0.5), (1e4, 1.0)):
        assert np.all(matrix @ (total_energy_law(2.2) * np.exp(-((start / ENERGY) ** delta))) > 0.0)


@pytest.mark.parametrize("factor", [1.5, np.float64(1.8), jnp.float32(2.5)])
def test_constant_nuclear_factor(factor):
    photon = np.array([0.1, 10.0])
    found = hadronic_emission(photon, ENERGY, nuclear=factor)
    np.testing.assert_allclose(found, float(factor) * hadronic_emission(photon, ENERGY), rtol=1e-14)


def test_nuclear_factor_lies_between_its_values():
    """At 100 GeV protons of 0.1 to 100 TeV count: between 1.707 and 1.762."""
    photon, law = np.array([100.0]), total_energy_law(2.2)
    ratio = (hadronic_emission(photon, ENERGY, nuclear="kafexhiu14") @ law) / (hadronic_emission(photon, ENERGY) @ law)
    assert 1.707 < float(ratio[0]) < 1.762


def test_bands_are_integrals_of_the_emissivity():
    """Simpson's rule in ln E_γ over sub-GeV, wide and narrow bands; where one holds m_π/2 it is 1e-6 off itself."""
    low, high = np.array([0.03, 0.1, 1.0, 300.0, 1e3]), np.array([0.3, 1.0, 10.0, 400.0, 3e4])
    density = total_energy_law(2.3) * np.exp(-ENERGY / 2e4)
    log = np.linspace(np.log(low), np.log(high), 401)
    emissivity = np.asarray(hadronic_emission(np.exp(log).ravel(), ENERGY) @ density).reshape(log.shape)
    expected = simpson(emissivity * np.exp(log), x=log, axis=0)
    np.testing.assert_allclose(hadronic_band_emission(low, high, ENERGY) @ density, expected, rtol=1e-5)


def test_bands_add_up():
    density = total_energy_law(2.2)
    edges = np.array([0.02, 0.0675, 0.5, 7.0, 80.0])
    parts = hadronic_band_emission(edges[:-1], edges[1:], ENERGY) @ density
    whole = hadronic_band_emission(edges[[0]], edges[[2]], ENERGY) @ density
    assert float(parts[:2].sum()) == pytest.approx(float(whole[0]), rel=1e-6)


def test_gradient_to_the_index_against_differences():
    """d ln q/dΓ through the matrix; the truncation of the central difference is 1e-8."""
    matrix = hadronic_emission(np.array([0.1, 1.0, 30.0, 1e3, 1e5]), ENERGY, nuclear="kafexhiu14")
    energy = jnp.asarray(ENERGY)

    def log_emissivity(index):
        return jnp.log(matrix @ total_energy_law(index, energy))

    slope = jax.jacfwd(log_emissivity)(2.3)
    difference = (log_emissivity(2.3 + 1e-4) - log_emissivity(2.3 - 1e-4)) / 2e-4
    np.testing.assert_allclose(slope, difference, rtol=1e-6)
    assert np.all(slope < 0.0)


def test_everything_may_be_traced():
    """Photons, grid and factor traced at once: the concrete value, and the derivative along all by differences."""
    photon, grid_energy = jnp.array([0.05, 0.2, 3.0, 40.0]), jnp.asarray(grid(10)[:30])

    def emissivity(step):
        energy = (1.0 + 0.3 * step) * grid_energy
        matrix = hadronic_emission((1.0 + step) * photon, energy, nuclear=1.7 + step)
        return matrix @ total_energy_law(2.3, energy)

    value, slope = jax.jit(lambda step: jax.jvp(emissivity, (step,), (1.0,)))(0.0)
    np.testing.assert_allclose(value, emissivity(0.0), rtol=1e-12)
    np.testing.assert_allclose(slope, (emissivity(1e-5) - emissivity(-1e-5)) / 2e-5, rtol=1e-5)


def test_one_program_for_any_number_of_photons():
    """Spectra and bands of any length, by any model, share one compiled program on grids of one size."""
    hadronic_emission(np.geomspace(0.1, 1e3, 5), ENERGY)
    before = product._block._cache_size()
    hadronic_emission(np.geomspace(0.2, 2e4, 47), ENERGY * 1.01, "kafexhiu14-sibyll")
    hadronic_band_emission(np.array([1.0, 2.0]), np.array([2.0, 9.0]), ENERGY, nuclear=1.4)
    assert product._block._cache_size() == before


def test_single_precision():
    """Keeps float32; a sum of a few hundred terms, each good to its six digits, is within 1e-5."""
    photon, law = np.geomspace(0.1, 1e5, 12), total_energy_law(2.2)
    low, high, energy = (x.astype(np.float32) for x in (photon[:-1], photon[1:], ENERGY))
    single = hadronic_emission(photon.astype(np.float32), energy)
    bands = hadronic_band_emission(low, high, energy, nuclear=1.8)
    assert single.dtype == bands.dtype == jnp.float32
    np.testing.assert_allclose(np.asarray(single, float) @ law, hadronic_emission(photon, ENERGY) @ law, rtol=1e-5)
    expected = hadronic_band_emission(photon[:-1], photon[1:], ENERGY, nuclear=1.8) @ law
    np.testing.assert_allclose(np.asarray(bands, float) @ law, expected, rtol=1e-5)


def test_cross_section_by_name():
    """Broadcasts, by the full name; values of protons of 1 TeV and photons of 100 GeV."""
    found = [float(hadronic_cross_section(100.0, 1e3, name)) for name in KAFEXHIU]
    np.testing.assert_allclose(found, [0.14669, 0.19308, 0.22753, 0.23945], rtol=3e-5)
    shape = hadronic_cross_section(np.ones((3, 1)), np.array([0.1, 1.0, 2.0, 10.0]), PYTHIA).shape
    assert shape == (3, 4)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_lowers_for_cuda(dtype):
    photon, energy = jnp.array([1.0, 10.0], dtype), jnp.geomspace(0.3, 1e4, 30, dtype=dtype)
    for call in (
        lambda p, e: hadronic_emission(p, e, nuclear="kafexhiu14"),
        lambda p, e: hadronic_band_emission(p, 2.0 * p, e),
        lambda p, e: hadronic_cross_section(p[:, None], e, PYTHIA),
    ):
        exported = jax.export.export(jax.jit(call), platforms=["cuda"])(photon, energy)
        assert exported.out_avals[0].dtype == dtype
        assert exported.out_avals[0].shape == (2, 30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"model": "kafexhiu14-pythia6"},
            "unknown hadronic model 'kafexhiu14-pythia6'; did you mean 'kafexhiu14-pythia8'",
        ),
        ({"model": "kafexhiu14"}, "known: kafexhiu14-geant4, kafexhiu14-pythia8, kafexhiu14-sibyll, kafexhiu14-qgsjet"),
        ({"nuclear": "kafexhiu"}, "unknown nuclear enhancement 'kafexhiu'; did you mean 'kafexhiu14'"),
        ({"nuclear": -1.0}, "nuclear = -1.0 is not a factor"),
        ({"nuclear": True}, "nuclear = True is not a factor"),
        ({"nuclear": float("nan")}, "nuclear = nan is not a factor"),
        ({"energy": np.array([1.0, 3.0, 2.0])}, "energy does not increase from 3.0 to 2.0 GeV"),
        ({"energy": np.array([1.0, 1.0])}, "energy does not increase from 1.0 to 1.0 GeV"),
        ({"energy": np.array([-1.0, 3.0])}, "energy holds -1.0 GeV"),
        ({"energy": np.array([1.0, np.inf])}, "energy holds inf GeV"),
        ({"energy": np.array([1.0])}, "energy holds one value"),
        ({"energy": np.ones((2, 2))}, "energy has the shape (2, 2)"),
        ({"photon": np.array([1.0, 0.0])}, "photon holds 0.0 GeV"),
        ({"photon": np.array([np.nan])}, "photon holds nan GeV"),
        ({"photon": 1.0}, "photon has the shape ()"),
    ],
)
def test_bad_input(arguments, message):
    good = {"photon": np.array([1.0]), "energy": np.array([1.0, 2.0, 3.0])}
    with pytest.raises(ValueError) as error:
        hadronic_emission(**{**good, **arguments})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([1.0, 3.0], [2.0, 3.0], "a band runs from 3.0 to 3.0 GeV"),
        ([1.0, 2.0], [2.0], "photon_min has 2 values and photon_max 1"),
        ([-1.0], [2.0], "photon_min holds -1.0 GeV"),
    ],
)
def test_bad_bands(low, high, message):
    with pytest.raises(ValueError) as error:
        hadronic_band_emission(np.array(low), np.array(high), np.array([1.0, 2.0, 3.0]))
    assert message in str(error.value)


def test_cross_section_of_an_unknown_model():
    with pytest.raises(ValueError, match="did you mean 'kafexhiu14-sibyll'"):
        hadronic_cross_section(1.0, 10.0, "sibyll")
