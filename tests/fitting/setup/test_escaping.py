"""Shells of escaping particles, each energy with a radius of its own: annuli against plain sums along rays."""

import jax.numpy as jnp
import numpy as np
import pytest

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import (
    Homogeneous,
    Model,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    Trapped,
    UniformGas,
    View,
    solve,
)
from jaxcrc.source.escape import Escaping, Explosion, PowerLawCeiling, RemnantBall, RemnantShell

EDGES = np.concatenate([np.linspace(0.0, 0.5, 6), np.linspace(0.55, 1.1, 12)])  # [deg]: the shells end at 0.7 deg


def problem(spread: float, shape, transport=None, lowest: str = "1 TeV", log10_age: float = 4.0) -> fitting.Problem:
    release = Escaping(
        dynamics=Explosion(log10_age=log10_age),
        ceiling=PowerLawCeiling(log10_max_momentum=3.0, slope=2.5),
        log10_energy=50.0,
        spread=spread,
    )
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), release, shape)
    medium = SuppressedDiffusion(log10_chi=-3.5, delta=0.4, reference="nava16")
    model = Model(source, medium, transport or Homogeneous())
    spec = {"kind": "surface_brightness", "unit": "1 / (cm2 s sr)", "e_edges": [lowest, "3 TeV", "10 TeV"]}
    table = blank_table("rings", {**spec, "r_edges": EDGES.tolist()}, "tables.rings.layout", (10.0, 20.0))
    scene = Scene({"halo": model}, View(distance=1.0), {}, UniformGas(density=1.0))
    return fitting.Problem(scene, {"rings": table}, {}, fitting.Options(nuclear="none", points_per_decade=8))


def rays(case: fitting.Problem) -> np.ndarray:
    """Mean of the light over each annulus, by trapezoids along the rays at 24 angles of each."""
    field, (look,) = solve(case.scene, case.setup)["halo"], case.setup.response["rings"]
    radius = np.unique(np.concatenate([np.geomspace(1e-5, 3.0, 1000), np.linspace(1e-4, 0.06, 12001)]))
    density = field.density(jnp.asarray(1e3 * radius)[:, None] * jnp.eye(1, 3))
    light = np.asarray(look.channels[0].emission[0] @ density)
    edge = np.deg2rad(EDGES)
    angle = edge[:-1, None] + np.diff(edge)[:, None] * (np.arange(24) + 0.5) / 24.0
    impact = np.sin(angle).ravel()
    found = 0.0
    for end in (np.arcsinh(np.cos(angle.ravel()) / impact), np.arcsinh(2.5 / impact)):
        place = np.linspace(0.0, 1.0, 4001)[:, None] * end
        along = impact * np.cosh(place)
        found = found + np.array([np.trapezoid(np.interp(along, radius, row) * along, place, axis=0) for row in light])
    return np.sum(found.reshape(len(light), *angle.shape) * np.sin(angle), axis=-1) / np.sum(np.sin(angle), axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [RemnantShell(), RemnantBall()], ids=["shell", "ball"])
@pytest.mark.parametrize("transport", [Homogeneous(), Trapped()], ids=["escaped", "trapped"])
@pytest.mark.parametrize("spread", [0.01, 0.05, 0.2, 0.5])
def test_rims_of_escaping_particles_are_followed(spread, shape, transport):
    """1e-3 of each annulus, whatever the spread, where there is a millionth of the brightest light."""
    case = problem(spread, shape, transport)
    expected = rays(case)
    found = np.asarray(case.predict().tables["rings"])
    assert np.all(np.abs(found - expected) <= 1e-3 * expected + 1e-6 * expected.max())


@pytest.mark.slow
def test_shells_too_thin_for_any_nodes_are_refused():
    with pytest.raises(ValueError, match="too many nodes; raise the release's 'spread'"):
        problem(0.005, RemnantShell(), lowest="1 GeV", log10_age=5.5)
