"""Small mock problems: a round halo, 20 annuli in 4 bands, of each kind of release."""

import dataclasses

import jax
import numpy as np
import numpyro.distributions as dist

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import (
    Ball,
    Burst,
    Continuous,
    Homogeneous,
    Model,
    Point,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    UniformGas,
    View,
)

CHI, DELTA = "components.halo.medium.log10_chi", "components.halo.medium.delta"
ENERGY, POWER = "components.halo.source.release.log10_energy", "components.halo.source.release.log10_power"
INDEX = "components.halo.source.spectrum.index"

RELEASES = {
    "burst": (Burst(log10_energy=49.5, log10_age=4.3), Point(), ENERGY, (47.0, 52.0)),
    "continuous": (Continuous(log10_power=37.5, log10_age=5.0), Point(), POWER, (35.0, 40.0)),
    "ball": (Burst(log10_energy=49.5, log10_age=4.3), Ball(radius=8.0), ENERGY, (47.0, 52.0)),
}


def halo(kind: str) -> Scene:
    release, shape, *_ = RELEASES[kind]
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), release, shape)
    model = Model(source, SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16"), Homogeneous())
    return Scene({"halo": model}, View(distance=1.0), {}, UniformGas(density=10.0))


def layout(annuli: int = 20, error: float = 0.1) -> fitting.Table:
    spec = {
        "kind": "surface_brightness",
        "unit": "1 / (cm2 s sr)",
        "r_edges": np.linspace(0.0, 2.0, annuli + 1).tolist(),
        "e_edges": ["0.3 TeV", "1 TeV", "3 TeV", "10 TeV", "30 TeV"],
        "psf": "0.08 deg",
        "error": error,
    }
    return blank_table("profile", spec, "tables.profile.layout")


def centred(table: fitting.Table, centre: tuple[float, float]) -> fitting.Table:
    """The same table with its region elsewhere on the sky."""
    return dataclasses.replace(table, region=dataclasses.replace(table.region, centre=centre))


def halo_priors(kind: str) -> dict:
    *_, amount, (low, high) = RELEASES[kind]
    return {
        CHI: dist.Uniform(-3.0, 0.0),
        DELTA: dist.Uniform(0.0, 1.0),
        amount: dist.Uniform(low, high),
        INDEX: dist.Uniform(1.5, 3.0),
    }


def mock_halo(kind: str, seed: int | None) -> fitting.Problem:
    """A halo problem whose table is simulated from its own scene; without noise where seed is None."""
    blank = fitting.Problem(halo(kind), {"profile": layout()}, halo_priors(kind), fitting.Options(nuclear="none"))
    tables = blank.expected_tables() if seed is None else blank.simulate(jax.random.key(seed))
    return fitting.Problem(halo(kind), tables, halo_priors(kind), fitting.Options(nuclear="none"))
