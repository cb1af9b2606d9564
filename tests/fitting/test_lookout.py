"""Rows of tables from spectra at single energies: bands, open bands, energy fluxes and absorption."""

import numpy as np
import pytest

import fitting
from fitting.layout import blank_table
from fitting.lookout import escaping, rows
from jaxcrc import pair_opacity
from jaxcrc.medium.light import PhotonField

CIRCLE = {"shape": "circle", "centre": [0.0, 0.0], "radius": 2.0}


def power_law(photon):
    """E^-2.5 for one particle energy."""
    return photon[:, None] ** -2.5


def everything(photon):
    return np.ones_like(photon)


def table(kind: str, unit: str, **energies) -> fitting.Table:
    return blank_table("x", {"kind": kind, "unit": unit, "region": CIRCLE, **energies}, "x")


def test_bands_and_energy_fluxes():
    """∫ E^-2.5 dE and ∫ E^-1.5 dE, over narrow bands and over four decades."""
    edges = [1.0, 3.0, 3e4]
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    found = rows(table("flux", "1 / (cm2 s)", e_edges=edges), power_law, 1e7, everything)[:, 0]
    np.testing.assert_allclose(found, (low**-1.5 - high**-1.5) / 1.5, rtol=1e-6)
    found = rows(table("energy_flux", "GeV / (cm2 s)", e_edges=edges), power_law, 1e7, everything)[:, 0]
    np.testing.assert_allclose(found, (low**-0.5 - high**-0.5) / 0.5, rtol=1e-6)
    erg = rows(table("energy_flux", "erg / (cm2 s)", e_edges=edges), power_law, 1e7, everything)[:, 0]
    np.testing.assert_allclose(erg, 1.602176634e-3 * found, rtol=1e-12)


def test_open_bands_end_with_the_particles():
    open_band = table("flux", "1 / (cm2 s)", e_edges=[100.0, np.inf])
    found = rows(open_band, power_law, 1e7, everything)[0, 0]
    assert found == pytest.approx((100.0**-1.5 - 1e7**-1.5) / 1.5, rel=1e-6)


def test_absorption_takes_photons():
    """exp(−Σ length · opacity): nothing at 1 TeV, a third at 1 PeV behind 8.5 kpc of the CMB and 4 of warm dust."""
    dust = PhotonField(0.5, 30.0)
    left = escaping({"cmb": 8.5, "dust": 4.0}, {"dust": dust})
    photon = np.array([1e3, 1e5, 1e6])
    expected = np.exp(-8.5 * pair_opacity(photon, ["cmb"]) - 4.0 * pair_opacity(photon, [(30.0, 0.5)]))
    np.testing.assert_allclose(left(photon), expected, rtol=1e-12)
    assert left(photon)[0] == pytest.approx(1.0, abs=1e-6)
    assert left(photon)[2] < 0.7
    spectrum = table("dnde", "1 / (GeV cm2 s)", e_ref=photon.tolist())
    whole, part = (rows(spectrum, power_law, 1e7, share) for share in (everything, left))
    np.testing.assert_allclose(part / whole, left(photon)[:, None], rtol=1e-12)
    np.testing.assert_allclose(escaping({}, {})(photon), 1.0)
    with pytest.raises(fitting.AssemblyError, match="did you mean 'cmb'"):
        escaping({"cbm": 1.0}, {})
