"""χ and δ come back from profiles without noise, through every transport and release that a case can name."""

from __future__ import annotations

import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import (
    Absorbing,
    Anisotropic,
    Ball,
    Ballistic,
    Burst,
    Continuous,
    Escaping,
    Explosion,
    FieldLines,
    Finite,
    Homogeneous,
    Leaky,
    Linear,
    Model,
    Point,
    PowerLaw,
    PowerLawCeiling,
    PowerLawInTime,
    Released,
    RemnantBall,
    RemnantShell,
    Scene,
    Shell,
    SuppressedDiffusion,
    UniformGas,
    View,
)

pytestmark = pytest.mark.slow
CHI, DELTA = "components.halo.medium.log10_chi", "components.halo.medium.delta"
BURST, LONG = Burst(log10_energy=49.5, log10_age=4.3), Continuous(log10_power=37.5, log10_age=5.0)
ESCAPE = Escaping(
    Explosion(log10_age=4.0, energy_sn=1.0, ejecta_mass=1.4, density=1.0),
    PowerLawCeiling(log10_max_momentum=3.0, slope=2.5),
    log10_energy=49.5,
)
CASES = {
    "burst from a shell": (BURST, Shell(radius=8.0), Homogeneous()),
    "continuous from a shell": (LONG, Shell(radius=8.0), Homogeneous()),
    "continuous from a ball": (LONG, Ball(radius=8.0), Homogeneous()),
    "finite": (Finite(log10_power=37.5, log10_age=5.0, log10_duration=4.5), Point(), Homogeneous()),
    "linear": (Linear(log10_power=37.5, log10_age=5.0), Point(), Homogeneous()),
    "power law in time": (PowerLawInTime(log10_power=37.5, log10_age=5.0, slope=-0.4), Point(), Homogeneous()),
    "losses": (BURST, Point(), Homogeneous(losses=True)),
    "escape from the shell": (ESCAPE, RemnantShell(), Homogeneous()),
    "escape from inside": (ESCAPE, RemnantBall(), Homogeneous()),
    "absorbing": (LONG, Point(), Absorbing(boundary=60.0)),
    "leaky": (LONG, Point(), Leaky(boundary=60.0, log10_speed=2.0)),
    "straight burst": (BURST, Point(), Ballistic()),
    "straight and constant": (LONG, Point(), Ballistic()),
    "anisotropic": (BURST, Point(), Anisotropic(log10_ratio=-1.0, inclination=70.0, azimuth=30.0)),
    "field lines": (BURST, Shell(radius=8.0), FieldLines(log10_magnetic_diffusion=0.5, inclination=70.0, azimuth=30.0)),
}


def table() -> fitting.Table:
    spec = {
        "kind": "surface_brightness",
        "unit": "1 / (cm2 s sr)",
        "r_edges": np.linspace(0.0, 2.0, 5).tolist(),
        "e_edges": ["0.3 TeV", "3 TeV", "30 TeV"],
        "psf": "0.4 deg",
        "centre": (10.0, 20.0),
    }
    return blank_table("profile", spec, "tables.profile.layout")


@pytest.mark.parametrize("name", CASES)
def test_noise_free_profiles_give_back_chi_and_delta(name):
    release, shape, transport = CASES[name]
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), release, shape)
    amount = "log10_energy" if hasattr(release, "log10_energy") else "log10_power"
    path = f"components.halo.source.release.{amount}"
    truth = {CHI: -1.5, DELTA: 0.4, path: float(getattr(release, amount))}
    priors = {CHI: dist.Uniform(-3.0, 0.0), DELTA: dist.Uniform(0.0, 1.0)}
    priors[path] = dist.Uniform(truth[path] - 2.0, truth[path] + 2.0)
    scene = Scene(
        {"halo": Model(source, SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16"), transport)},
        View(distance=1.0),
        {},
        UniformGas(density=10.0),
    )
    options = fitting.Options(nuclear="none", points_per_decade=4, centres={"source": (10.0, 20.0)})
    blank = fitting.Problem(scene, {"profile": table()}, priors, options)
    mock = blank.expected_tables()["profile"]
    problem = fitting.Problem(scene, {"profile": mock}, priors, options)
    # From somewhere else than the truth.
    best = fitting.find_map(problem.at({CHI: -1.2, DELTA: 0.55, path: truth[path] + 0.3}))
    for parameter, value in truth.items():
        assert best.values[parameter] == pytest.approx(value, abs=0.01), parameter
