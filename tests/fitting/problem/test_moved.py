"""A parameter moved is a problem built there, or it is refused: for every path of a scene."""

from dataclasses import replace

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.problem.posterior import Posterior
from fitting.setup.centres import told
from jaxcrc import (
    Absorbing,
    Ball,
    Ballistic,
    Burst,
    Homogeneous,
    Leaky,
    Model,
    Point,
    PowerLaw,
    Released,
    Scene,
    Shell,
    Status,
    SuppressedDiffusion,
    UniformGas,
    View,
    predict,
)
from jaxcrc.scene import bind, describe, get, paths
from jaxcrc.source.escape import Escaping, Explosion, PowerLawCeiling, RemnantShell
from tests.fitting.halos import DELTA, INDEX, halo, halo_priors, layout
from tests.fitting.setup import test_every_sight as sights

NORTH, DISTANCE = "view.offset_north", "view.distance"
RADIUS, BOUNDARY = "components.halo.source.shape.radius", "components.halo.transport.boundary"
ESCAPE = "components.halo.source.release"
AGE = "components.halo.source.release.log10_age"


def elsewhere(scene, path: str) -> float:
    """Another value of a parameter, inside its range."""
    value, about = float(get(scene, path)), describe(scene, path)
    relative = value != 0.0 and not str(about["unit"]).startswith("dex")
    moved = [value * (1.0 + 0.15 * s) if relative else value + 0.1 * s for s in (1.0, -1.0)]
    return next(m for m in moved if about["low"] <= m <= about["high"])


def check_walk(problem: fitting.Problem) -> None:
    """All that is not refused, moved at once, leaves every operator as it was; the rest is refused one by one."""
    held = problem.setup.ranges
    sky = (".offset", ".north", ".east")
    far = [path for path, (_, high) in held.items() if path.endswith(sky) and float(high) == pytest.approx(60.0)]
    free = [path for path in paths(problem.scene) if path not in held or path in far]
    there = bind(problem.scene, {path: elsewhere(problem.scene, path) for path in free})
    built = jax.tree.leaves(fitting.assemble(there, problem.tables, problem.options))
    assert all(np.array_equal(*pair) for pair in zip(built, jax.tree.leaves(problem.setup), strict=True))
    start = {path: float(value) for path, value in problem.start().items()}
    for path, (low, high) in held.items():
        beyond = float(high) + max(0.01, 0.01 * abs(float(high)))
        if beyond > describe(problem.scene, path)["high"]:
            continue
        named = "follows from" if path in told(problem.scene, problem.options) else "matrices were made for"
        for ask in (problem.predict, problem.log_likelihood):
            with pytest.raises(ValueError, match=named):
                ask({**start, path: beyond})
        if path in problem.priors:
            assert float(problem.log_density({**start, path: beyond})) == -np.inf
        else:
            with pytest.raises(ValueError, match=named):
                problem.log_density({**start, path: beyond})
        assert float(low) <= float(get(problem.scene, path)) <= float(high)


FAST = ("demo", "w28")
REST = [name for name in fitting.shipped_cases() if name not in (*FAST, "template")]


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in REST)])
def test_every_path_of_a_shipped_case_acts_or_is_refused(name):
    check_walk(fitting.load(name))


@pytest.mark.slow
@pytest.mark.parametrize("move", sights.MOVES)
def test_every_path_of_a_scene_acts_or_is_refused(move, tmp_path, monkeypatch):
    monkeypatch.setattr("fitting.problem.checks.check", lambda *_: None)
    check_walk(sights.problem(move, tmp_path))


def round_scene(shape=None, transport=None, chi: float = -1.5) -> Scene:
    source = Released(PowerLaw(index=2.2, log10_cutoff=2.5), Burst(log10_energy=49.0, log10_age=4.3), shape or Point())
    medium = SuppressedDiffusion(log10_chi=chi, delta=0.4, reference="nava16")
    model = Model(source, medium, transport or Homogeneous())
    return Scene({"halo": model}, View(distance=1.0), {}, UniformGas(density=1.0))


def escaping() -> Scene:
    """Shells that left a remnant one energy after the other, and are still thin."""
    release = Escaping(Explosion(log10_age=4.0), PowerLawCeiling(log10_max_momentum=3.0, slope=2.5), log10_energy=50.0)
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), release, RemnantShell())
    scene = round_scene(chi=-3.5)
    return replace(scene, components={"halo": replace(scene.components["halo"], source=source)})


PLAIN = fitting.Options(nuclear="none", points_per_decade=6)
# What priors let move: (scene, {path: its range}).
BENT = {
    "psf": (halo("burst"), {"data.profile.psf_scale": (0.6, 1.8)}),
    "offset": (halo("burst"), {NORTH: (-0.3, 0.2), "view.offset_east": (0.0, 0.4)}),
    "place": (halo("burst"), {"components.halo.place.east": (-0.3, 0.3), DISTANCE: (0.7, 1.5)}),
    "ball": (round_scene(Ball(radius=10.0)), {RADIUS: (5.0, 15.0), DISTANCE: (0.8, 1.3)}),
    "sharp ball": (round_scene(Ball(radius=10.0), chi=-4.5), {RADIUS: (0.0, 15.0)}),
    "sharp shell": (round_scene(Shell(radius=10.0), chi=-3.5), {RADIUS: (5.0, 15.0)}),
    "escaping": (escaping(), {f"{ESCAPE}.dynamics.log10_age": (3.6, 4.3), f"{ESCAPE}.spread": (0.05, 0.2)}),
    "boundary": (round_scene(transport=Absorbing(boundary=20.0)), {BOUNDARY: (10.0, 30.0)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BENT)
def test_where_a_prior_reaches_matrices_hold(name):
    """At corners and middle of the priors, as the case that is written there."""
    scene, spans = BENT[name]
    profile = replace(layout(6), psf=(("gaussian", 0.08),) * 4)
    free = fitting.Problem(scene, {"profile": profile}, {p: dist.Uniform(*ends) for p, ends in spans.items()}, PLAIN)
    fixed = fitting.Problem(scene, {"profile": profile}, {}, PLAIN)
    for share in (0.0, 0.31, 0.77, 1.0):
        there = {path: low + share * (high - low) for path, (low, high) in spans.items()}
        found, built = free.predict(there), fixed.at(there).predict()
        assert not int(found.status) & int(Status.OUTSIDE)
        expected = np.asarray(built.tables["profile"])
        error = np.abs(np.asarray(found.tables["profile"]) - expected)
        assert np.all(error < 1e-3 * expected + 1e-5 * expected.max(axis=1, keepdims=True)), share


@pytest.mark.parametrize(
    ("transport", "path", "ends"),
    [(Leaky(boundary=20.0, log10_speed=2.0), BOUNDARY, (10.0, 30.0)), (Ballistic(), AGE, (3.0, 4.0))],
)
def test_a_step_that_would_move_is_refused(transport, path, ends):
    with pytest.raises(ValueError, match="end in a step, which no matrix follows"):
        fitting.Problem(round_scene(transport=transport), {"profile": layout(2)}, {path: dist.Uniform(*ends)}, PLAIN)


@pytest.mark.slow
def test_a_scan_is_made_for_its_grid(burst):
    """ln L along an offset without a prior is that of cases written at each offset."""
    offsets = [-0.6, 0.0, 0.3]
    held = {path: float(value) for path, value in burst.start().items()}
    found = fitting.scan(burst, {NORTH: offsets}, held)["log_likelihood"].values
    built = [float(burst.at({NORTH: offset}).log_likelihood(held)) for offset in offsets]
    np.testing.assert_allclose(found, built, atol=1e-3)
    assert np.ptp(built) > 1.0


def test_inside_a_program_the_status_says_it(burst):
    """No sentence can leave a compiled program: a bit does, and the likelihood is zero."""
    setup, moved = burst.setup, bind(burst.scene, {NORTH: 0.1})
    status = jax.jit(lambda scene: predict(scene, setup).status)
    assert int(status(moved)) == int(Status.OUTSIDE)
    assert int(status(burst.scene)) == 0
    values = {**burst.start(), NORTH: jax.numpy.asarray(0.1)}
    assert float(jax.jit(Posterior.log_likelihood)(burst.posterior, values)) == -np.inf


def test_values_have_units_names_and_ranges(burst):
    expected = burst.predict({AGE: 4.0, DISTANCE: 1.2}).tables["profile"]
    found = burst.predict({AGE.replace("log10_", ""): "10 kyr", DISTANCE: "1200 pc"}).tables["profile"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for values, fragment in (
        ({DISTANCE: "3 kyr"}, "view.distance: cannot read '3 kyr'"),
        ({DISTANCE: -1.0}, "outside the range"),
        ({DISTANCE: float("nan")}, "not a finite number"),
        ({"data.profile.psf_scale": 0.0}, "outside the range"),
        ({DISTANCE + "s": 1.0}, "did you mean"),
        ({AGE.replace("log10_", ""): -3.0}, "must be positive"),
    ):
        for ask in (burst.predict, burst.at):
            with pytest.raises(ValueError, match=fragment):
                ask(values)


def test_ties_that_chain_are_followed_in_order():
    priors = {INDEX: halo_priors("burst")[INDEX]}
    ties = {DELTA: "hadronic.scale", "hadronic.scale": INDEX}
    problem = fitting.Problem(halo("burst"), {"profile": layout(2)}, priors, replace(PLAIN, ties=ties))
    there = problem.posterior.bound({INDEX: 1.7})
    assert {float(get(there, path)) for path in (INDEX, *ties)} == {1.7}
