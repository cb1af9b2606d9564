"""Rows of tables from spectra at single energies: bands, open bands, energy fluxes and absorption."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.setup.rows import escaping, rows
from jaxcrc import (
    Continuous,
    Homogeneous,
    Model,
    PowerLaw,
    PowerLawDiffusion,
    Released,
    Scene,
    UniformGas,
    View,
    pair_opacity,
    predict,
)
from jaxcrc.medium.light import PhotonField
from tests.fitting.halos import halo

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
    dust = PhotonField(energy_density=0.5, temperature=30.0)
    left = escaping({"cmb": 8.5, "dust": 4.0}, {"dust": dust})
    photon = np.array([1e3, 1e5, 1e6])
    expected = np.exp(-8.5 * pair_opacity(photon, ["cmb"]) - 4.0 * pair_opacity(photon, [(30.0, 0.5)]))
    np.testing.assert_allclose(left(photon), expected, rtol=1e-12)
    assert left(photon)[0] == pytest.approx(1.0, abs=1e-6)
    assert left(photon)[2] < 0.7
    spectrum = table("dnde", "1 / (GeV cm2 s)", e_ref=photon.tolist())
    whole, part = (rows(spectrum, power_law, 1e7, share) for share in (everything, left))
    np.testing.assert_allclose(part / whole, left(photon)[:, None], rtol=1e-12)
    # An index is made of what arrives at both ends of its band.
    ends = rows(table("photon_index", "", e_edges=photon.tolist()), power_law, 1e7, left)[:, 0]
    at = photon[[0, 1, 1, 2]]
    np.testing.assert_allclose(ends, at**-2.5 * left(at), rtol=1e-12)
    np.testing.assert_allclose(escaping({}, {})(photon), 1.0)
    with pytest.raises(fitting.AssemblyError, match="did you mean 'cmb'"):
        escaping({"cbm": 1.0}, {})


@pytest.mark.slow
def test_rings_of_cosmic_ray_density():
    """A steady source: w(>10 TeV) = Ẇ'/(4πDr) in three dimensions, in rings ∫ ln[(R + s)/b] b db/∫ s b db of it, with
    gas inside R and s = √(R² − b²); D the same at all energies.
    """
    source = Released(PowerLaw(index=2.3, log10_cutoff=3.0), Continuous(log10_power=37.0, log10_age=11.0))
    model = Model(source, PowerLawDiffusion(log10_kappa=28.0, delta=0.0), Homogeneous())
    there = Scene({"halo": model}, View(distance=1.0), {}, UniformGas(density=1.0))
    edges = np.array([0.1, 0.3, 0.6, 1.0])
    layout = {"kind": "cr_energy_density", "unit": "eV / cm3", "r_edges": edges.tolist(), "e_edges": [1e4, 1e6]}
    table = replace(blank_table("rings", layout, "x"), gas_radius=3.0)
    setup = fitting.assemble(there, {"rings": table})
    found = np.asarray(predict(there, setup).tables["rings"][0])

    reach = 1e3 * np.deg2rad(3.0)
    node, weight = np.polynomial.legendre.leggauss(40)
    rings = 1e3 * np.deg2rad(edges)
    b = 0.5 * (rings[1:] + rings[:-1])[:, None] + 0.5 * np.diff(rings)[:, None] * node
    s = np.sqrt(reach**2 - b**2)
    mean = np.sum(weight * b * np.log((reach + s) / b), axis=1) / np.sum(weight * b * s, axis=1)
    kinetic = np.geomspace(1e4, 1e6, 4001)
    power = np.trapezoid(kinetic**2 * np.asarray(source.amplitude(jnp.asarray(kinetic))), np.log(kinetic))
    level = power * 1e9 / (4.0 * np.pi * float(model.medium.kappa(jnp.asarray(1e5))))
    np.testing.assert_allclose(found, level * mean, rtol=3e-3)


def test_an_open_band_of_a_problem_counts_all_photons():
    """From 1 TeV on is from 1 TeV to where protons with a cut-off at 1 PeV give no more."""
    spec = {"kind": "surface_brightness", "unit": "1 / (cm2 s sr)", "r_edges": [0.0, 1.0], "error": 0.1}
    ends = {"open": np.inf, "closed": 4000.0}
    tables = {name: blank_table(name, spec | {"e_edges": ["1 TeV", f"{end} TeV"]}, name) for name, end in ends.items()}
    found = fitting.Problem(halo("burst"), tables, {}, fitting.Options(nuclear="none")).expected_tables()
    np.testing.assert_allclose(found["open"].value, found["closed"].value, rtol=1e-3)
