"""Absolute levels against numbers that stand here: clouds by their mass, and the sea through a depth of gas."""

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import Cloud, LocalSea, Model, Scene, Uniform, UniformGas, View, hadronic_emission
from jaxcrc.responses.base import Nodes
from jaxcrc.source.sea import local_sea

# Typed from tables of constants, not taken from the code.
SOLAR_MASS, HYDROGEN_MASS, PARSEC = 1.98847e33, 1.6735575e-24, 3.0856775815e18  # [g, g, cm]
MASS, DISTANCE, DEPTH, DENSITY = 6.0e4, 2.0, 300.0, 1.7  # [M_sun, kpc, pc, cm⁻³]
PHOTON = np.array([100.0, 1000.0, 5000.0])


def table(unit: str, **where) -> fitting.Table:
    kind = "dnde" if "sr" not in unit else "surface_brightness"
    spec = {"kind": kind, "unit": unit, "e_ref": PHOTON.tolist(), **where}
    return blank_table("table", spec, "tables.table.layout")


@pytest.fixture(scope="module")
def seen() -> fitting.Problem:
    """The local sea, through uniform gas and in a cloud."""
    view = View(distance=DISTANCE, gas_depth=DEPTH)
    view.clouds["giant"] = Cloud(log10_mass=np.log10(MASS), size=0.1, offset=1.0, depth=0.0)
    circle = {"shape": "circle", "radius": 0.5, "centre": (10.0, 20.0)}
    tables = {
        "cloud": table("1 / (GeV cm2 s)"),
        "bright": table("1 / (GeV cm2 s sr)", r_edges=[0.0, 0.3, 0.8], centre=(10.0, 20.0)),
        "circle": table("1 / (GeV cm2 s)", region=circle),
    }
    scene = Scene({"sea": Model(LocalSea(), None, Uniform())}, view, {}, UniformGas(density=DENSITY))
    options = fitting.Options(nuclear="none", clouds={"cloud": "giant"}, centres={"source": (10.0, 20.0)})
    return fitting.Problem(scene, tables, {"data.cloud.scale": dist.Uniform(0.5, 2.0)}, options)


def per_hydrogen(seen: fitting.Problem, density) -> np.ndarray:
    """Photons [GeV⁻¹ s⁻¹] that a hydrogen nucleus shines in particles of a density [GeV⁻¹ cm⁻³]."""
    kinetic = np.asarray(seen.setup.energy["sea"].kinetic)
    return np.asarray(hadronic_emission(PHOTON, kinetic, "kafexhiu14-pythia8", nuclear="none")) @ density(kinetic)


def test_a_cloud_shines_by_its_mass_over_the_square_of_its_distance(seen):
    """F = M/(1.4 m_H)/(4πd²) q."""
    nuclei = MASS * SOLAR_MASS / (1.4 * HYDROGEN_MASS)
    sphere = 4.0 * np.pi * (1.0e3 * DISTANCE * PARSEC) ** 2
    expected = nuclei / sphere * per_hydrogen(seen, local_sea)
    np.testing.assert_allclose(seen.predict().tables["cloud"][:, 0], expected, rtol=1e-6)


def test_a_cloud_in_protons_of_a_power_law_has_the_printed_flux(seen):
    """n = (E/GeV)^−2.2 GeV⁻¹ cm⁻³ of total energy, 6e4 M_sun, 2 kpc, at 1 TeV, without nuclei."""
    (look,), total = seen.setup.response["cloud"], np.asarray(seen.setup.energy["sea"].total)
    nodes = Nodes(jnp.ones(1), {"sea": jnp.asarray(total**-2.2)[:, None]})
    got = look.predict(seen.scene, nodes, seen.scene.data["cloud"])
    np.testing.assert_allclose(got[1, 0], 3.229e-6, rtol=1e-3)


def test_the_sea_shines_through_its_depth_of_gas(seen):
    """S = n_H l q/(4π) per solid angle, in each annulus; a circle sums it over πr²."""
    expected = DENSITY * DEPTH * PARSEC / (4.0 * np.pi) * per_hydrogen(seen, local_sea)
    bright = np.asarray(seen.predict().tables["bright"])
    np.testing.assert_allclose(bright, np.stack([expected, expected], axis=1), rtol=1e-6)
    solid = 2.0 * np.pi * (1.0 - np.cos(np.deg2rad(0.5)))
    np.testing.assert_allclose(seen.predict().tables["circle"][:, 0], solid * expected, rtol=1e-6)
