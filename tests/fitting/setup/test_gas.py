"""Gas with edges, sharp or soft, around a source: annuli at and around the edges against plain sums along rays."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.cases.parts import build
from jaxcrc import Anisotropic, Bubble, SweptShell, solve
from tests.fitting.halos import halo
from tests.fitting.problem.test_moved import check_walk

INNER, OUTER = 8.0, 10.0  # pc
# Rings far from the edges, around them and on them; 10 pc are 0.573 deg.
EDGES = np.concatenate([np.linspace(0.0, 0.44, 5), np.linspace(0.45, 0.6, 16), [0.7, 1.0]])
SHELL = SweptShell(density=1.0, shell=40.0, inside=0.01, radius_inner=INNER, radius_outer=OUTER)
GASES = {
    "step": Bubble(density=1.0, inside=20.0, radius=OUTER, edge=0.0),
    "soft": Bubble(density=1.0, inside=20.0, radius=OUTER, edge=0.05),
    "thin": Bubble(density=1.0, inside=20.0, radius=OUTER, edge=0.001),
    "shell": SHELL,
    "soft shell": replace(SHELL, edge=jnp.asarray(0.01)),
}


def problem(gas, priors=None, transport=None) -> fitting.Problem:
    spec = {"kind": "surface_brightness", "unit": "1 / (cm2 s sr)", "e_edges": ["1 TeV", "3 TeV"]}
    table = blank_table("rings", {**spec, "r_edges": EDGES.tolist()}, "tables.rings.layout", (10.0, 20.0))
    scene = replace(halo("burst"), gas=gas)
    if transport is not None:
        scene = replace(scene, components={"halo": replace(scene.components["halo"], transport=transport)})
    return fitting.Problem(scene, {"rings": table}, priors or {}, fitting.Options(nuclear="none", points_per_decade=4))


def rays(case: fitting.Problem) -> np.ndarray:
    """Mean light over each annulus: what rays cross of many thin spheres, each of even light."""
    field, (look,) = solve(case.scene, case.setup)["halo"], case.setup.response["rings"]
    fine = np.linspace(7.0, 11.0, 8001)
    radius = np.unique(np.concatenate([np.linspace(1e-3, 7.0, 1500), fine, np.geomspace(11.0, 900.0, 1500)]))
    middle = jnp.asarray(0.5 * (radius[1:] + radius[:-1]))[:, None] * jnp.eye(1, 3)
    light = np.asarray(look.channels[0].emission[0, 0] @ (field.density(middle) * case.scene.gas.at(middle)))
    edge = np.deg2rad(EDGES)
    angle = edge[:-1, None] + np.diff(edge)[:, None] * (np.arange(40) + 0.5) / 40.0
    impact = 1e3 * np.sin(angle).reshape(-1, 1)
    met = np.sqrt(np.maximum(radius**2 - impact**2, 0.0))  # how far along the ray each sphere is met
    seen = 2e-3 * np.diff(met, axis=1) @ light  # the halo ends before us: both halves of a ray are alike
    weight = np.sin(angle)
    return np.sum(seen.reshape(angle.shape) * weight, axis=1) / np.sum(weight, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", GASES)
def test_rings_see_the_edges_of_gas(name):
    case = problem(GASES[name])
    np.testing.assert_allclose(case.predict().tables["rings"][0], rays(case), rtol=1e-3)


@pytest.mark.slow
def test_soft_edges_may_move():
    """At corners and middle of the priors, as the case that is written there."""
    spans = {"gas.radius_outer": (9.5, 12.0), "gas.radius_inner": (7.0, 9.0), "view.distance": (0.9, 1.1)}
    soft = replace(SHELL, edge=jnp.asarray(0.03))
    free = problem(soft, {path: dist.Uniform(*ends) for path, ends in spans.items()})
    assert set(spans) | {"gas.edge"} <= set(free.setup.ranges)
    fixed = problem(soft)
    for share in (0.0, 0.4, 1.0):
        there = {path: low + share * (high - low) for path, (low, high) in spans.items()}
        found, expected = free.predict(there).tables["rings"], fixed.at(there).predict().tables["rings"]
        np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shell", "soft"])
def test_every_path_of_gas_with_edges_acts_or_is_refused(name):
    check_walk(problem(GASES[name]))


@pytest.mark.slow
def test_a_step_that_would_move_is_refused():
    for gas, prior in (
        (SHELL, {"gas.radius_outer": dist.Uniform(9.0, 11.0)}),
        (SHELL, {"view.distance": dist.Uniform(0.9, 1.1)}),
        (GASES["soft"], {"gas.edge": dist.Uniform(0.0, 0.1)}),
    ):
        with pytest.raises(ValueError, match=r"a step of the gas.*give gas\.edge a value above 0"):
            problem(gas, prior)
    with pytest.raises(ValueError, match=r"followed down to gas\.edge = 0\.01"):
        problem(SHELL, transport=Anisotropic(log10_ratio=-1.0))


def test_a_case_may_write_a_shell():
    spec = {"kind": "shell", "density": 1.0, "shell": 40.0, "radius_inner": "8 pc", "radius_outer": 10.0}
    gas = build("gas", spec, "gas")
    place = jnp.asarray([5.0, 7.99, 8.01, 9.99, 10.01, 1e3])[:, None] * jnp.eye(1, 3)
    np.testing.assert_allclose(gas.at(place), [0.0, 0.0, 40.0, 40.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="give an inner radius below the outer one"):
        build("gas", {**spec, "radius_inner": 12.0}, "gas")
