"""Matrices from AAfrag's tables against the package's own spectra, and against the other models."""

from __future__ import annotations

import builtins

import jax
import numpy as np
import pytest

from jaxcrc import hadronic_band_emission, hadronic_electrons, hadronic_emission, hadronic_neutrinos, units
from jaxcrc.emission import aafrag

aafragpy = pytest.importorskip("aafragpy")
ENERGY = np.geomspace(0.28, 1e8, 172)
TOTAL = ENERGY + units.PROTON_MASS
PHOTON = np.array([1.0, 30.0, 1e3, 1e5])


def own_spectrum(name: str, index: float, wanted: np.ndarray) -> np.ndarray:
    """c ∫ dσ/dE n dE_p of the package's own rule on 400 energies a decade, above the 4 GeV where its tables begin."""
    total = np.geomspace(4.0, 1e8 + units.PROTON_MASS, 2960)
    table, energy, _ = aafragpy.get_cross_section(name, "p-p", total, wanted)
    return units.LIGHT_SPEED_CM_S * 1e-27 * aafragpy.get_spectrum(energy, wanted, table, energy**-index)


def low_part(index: float) -> np.ndarray:
    """What protons below 4 GeV add to photons: there the model is Geant4's fit of Kafexhiu et al. 2014."""
    energy = np.geomspace(0.28, aafrag.LOWEST, 60)
    return np.asarray(hadronic_emission(PHOTON, energy, "kafexhiu14-geant4") @ (energy + units.PROTON_MASS) ** -index)


@pytest.mark.slow
@pytest.mark.parametrize("index", [2.4])
def test_photons_are_the_packages_own(index):
    found = hadronic_emission(PHOTON, ENERGY, "aafrag") @ TOTAL**-index
    np.testing.assert_allclose(found, own_spectrum("gam", index, PHOTON) + low_part(index), rtol=1e-3)


@pytest.mark.slow
def test_leptons_are_the_packages_own():
    wanted = PHOTON[1:]
    found = hadronic_neutrinos(wanted, ENERGY, "aafrag")
    for matrix, names in ((found.electron, ("nu_e", "anu_e")), (found.muon, ("nu_mu", "anu_mu"))):
        expected = sum(own_spectrum(name, 2.4, wanted) for name in names)
        np.testing.assert_allclose(matrix @ TOTAL**-2.4, expected, rtol=1e-3)
    expected = own_spectrum("el", 2.4, wanted) + own_spectrum("posi", 2.4, wanted)
    np.testing.assert_allclose(hadronic_electrons(wanted, ENERGY, "aafrag") @ TOTAL**-2.4, expected, rtol=1e-3)


def test_lies_among_the_other_models():
    """Photons within 25 % of Pythia8's of Kafexhiu et al. 2014, neutrinos within 35 % of Kelner's."""
    spectrum = TOTAL**-2.2
    ratio = hadronic_emission(PHOTON, ENERGY, "aafrag") @ spectrum / (hadronic_emission(PHOTON, ENERGY) @ spectrum)
    assert np.all(np.abs(ratio - 1.0) < 0.25)
    pairs = (hadronic_neutrinos(PHOTON[1:], ENERGY, model).total @ spectrum for model in ("aafrag", "kelner06"))
    ratio = np.divide(*pairs)
    assert np.all(np.abs(ratio - 1.0) < 0.35)
    assert np.any(np.abs(ratio - 1.0) > 0.05)


@pytest.mark.slow
def test_bands_and_nuclei():
    spectrum = TOTAL**-2.3
    node, weight = np.polynomial.legendre.leggauss(12)
    log = 0.5 * np.log(30.0) * (1.0 + node)
    inside = np.asarray(hadronic_emission(10.0 * np.exp(log), ENERGY, "aafrag") @ spectrum)
    expected = 0.5 * np.log(30.0) * np.sum(weight * 10.0 * np.exp(log) * inside)
    band = hadronic_band_emission(np.array([10.0]), np.array([300.0]), ENERGY, "aafrag") @ spectrum
    assert float(band[0]) == pytest.approx(expected, rel=2e-3)  # the tables have corners every 0.01 dex
    plain, scaled = (hadronic_emission(PHOTON, ENERGY, "aafrag", n) @ spectrum for n in ("none", 1.5))
    np.testing.assert_allclose(scaled, 1.5 * plain)
    enhanced = hadronic_emission(PHOTON, ENERGY, "aafrag", "kafexhiu14") @ spectrum / plain
    assert np.all((enhanced > 1.68) & (enhanced < 1.92))


def test_a_table_is_not_traced():
    with pytest.raises(ValueError, match="outside of compiled functions"):
        jax.jit(lambda photon: hadronic_emission(photon, ENERGY, "aafrag"))(PHOTON)


def test_a_missing_package_is_one_sentence(monkeypatch):
    plain = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "aafragpy":
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    aafrag._package.cache_clear()
    with pytest.raises(ValueError, match=r"install jaxcrc\[aafrag\]"):
        hadronic_emission(PHOTON, ENERGY, "aafrag")
