"""What is given by hand has one meaning: nothing that something else decides, is named twice, or does nothing."""

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cli.terminal import values_of
from fitting.problem.checks import check_problem
from fitting.problem.felt import felt
from fitting.problem.priors import Prior
from fitting.setup.options import AssemblyError
from jaxcrc import LocalSea, Model, Nuisance, Scene, Uniform
from jaxcrc.scene import bind, describe, get, paths, values_at
from jaxcrc.units import unit_of
from tests.fitting.halos import CHI, DELTA, ENERGY, INDEX, halo, halo_priors, layout

NORTH, EAST = "view.offset_north", "view.offset_east"
LINEAR = CHI.replace("log10_", "")
PLAIN = fitting.Options(nuclear="none", points_per_decade=3)
TABLES = {"a": replace(layout(2), layout=False), "b": replace(layout(2), layout=False, psf=None)}
START = {CHI: -1.5, DELTA: 0.4, ENERGY: 49.5, INDEX: 2.2}


def with_data(tables: dict) -> Scene:
    return dataclasses.replace(halo("burst"), data={name: Nuisance() for name in tables})


def sentence(ask: Callable[[], object]) -> str:
    """How it is refused; nothing where it is not."""
    try:
        ask()
    except ValueError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def tied() -> fitting.Problem:
    """A problem with a tie, and with a table that has no point-spread function."""
    return fitting.Problem(halo("burst"), TABLES, halo_priors("burst"), replace(PLAIN, ties={EAST: NORTH}))


ASKED = {
    "at": lambda problem, moved: problem.at(moved),
    "predict": lambda problem, moved: problem.predict(moved),
    "predict_many": lambda problem, moved: problem.predict_many({**START, **moved}),
    "log_density": lambda problem, moved: problem.log_density({**START, **moved}),
    "log_likelihood": lambda problem, moved: problem.log_likelihood({**START, **moved}),
    "log_prior": lambda problem, moved: problem.log_prior({**START, **moved}),
    "scan": lambda problem, moved: fitting.scan(problem, moved, held=START),
    "held": lambda problem, moved: fitting.scan(problem, {DELTA: [0.3, 0.4]}, held={**START, **moved}),
    "--set": lambda problem, moved: values_of(problem, [f"{path}={value}" for path, value in moved.items()]),
}
MEANINGLESS = {
    "follower": ({EAST: 0.1}, f"{EAST} is tied to {NORTH}: move that one, or drop the tie"),
    "twice": ({CHI: -1.0, LINEAR: 0.1}, "are one parameter, given twice: drop one of the two"),
    "idle": ({"view.gas_depth": 3.0}, "moving view.gas_depth does nothing, for there is no sea"),
    "no psf": ({"data.b.psf_scale": 1.5}, "moving data.b.psf_scale does nothing, for its table has no psf"),
}


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("kind", MEANINGLESS)
def test_what_has_no_meaning_is_refused_wherever_it_is_asked(tied, kind, ask):
    moved, words = MEANINGLESS[kind]
    with pytest.raises(ValueError, match=words) as caught:
        ASKED[ask](tied, moved)
    assert "\n" not in str(caught.value)


def test_every_parameter_that_no_table_feels_stays(tied):
    """Paths of the whole scene: those without a way to the likelihood are refused, and no other."""
    known = felt(tied.posterior)
    said = {path: sentence(lambda path=path: tied.moves({path: get(tied.scene, path)})) for path in paths(tied.scene)}
    refused = {path for path, words in said.items() if words}
    assert all(path in said[path] for path in refused)
    assert refused == {path for path in said if path not in known} | {EAST}
    assert {EAST, "view.gas_depth", "data.b.psf_scale", "light.magnetic_field"} <= refused
    assert not refused & {NORTH, "view.distance", "gas.density", "data.a.psf_scale", "data.b.scale", *START}


def test_a_leader_does_not_take_its_follower_out_of_range():
    """Nor beyond what matrices of the follower were made for."""
    ties = replace(PLAIN, ties={INDEX: DELTA, "data.b.psf_scale": "data.a.psf_scale"})
    sharp = {"a": replace(TABLES["a"], psf=None), "b": TABLES["a"]}
    problem = fitting.Problem(bind(halo("burst"), {DELTA: 2.0}), sharp, {CHI: dist.Uniform(-3.0, 0.0)}, ties)
    for ask in (problem.at, problem.predict):
        with pytest.raises(ValueError, match=r"spectrum[.]index: .*range of the model.*tied to what was moved"):
            ask({DELTA: 1.0})
    with pytest.raises(ValueError, match=r"data[.]b[.]psf_scale = 1[.]5: matrices were made for 1;"):
        problem.predict({"data.a.psf_scale": 1.5})
    reached = problem.reaching({"data.a.psf_scale": (1.0, 1.5)}).setup.ranges["data.b.psf_scale"]
    np.testing.assert_array_equal(reached, [1.0, 1.5])


def test_a_tie_is_between_what_counts_alike_and_holds_alike():
    """Each pair of paths: accepted where units are one, and the follower's own gate takes all the leader may be."""
    scene, prior = with_data(TABLES), {INDEX: dist.Uniform(1.6, 3.0), CHI: dist.Uniform(-3.0, 0.0)}
    priors, seen = {path: Prior(law) for path, law in prior.items()}, {True: 0, False: 0}
    for follower, leader in itertools.permutations(paths(scene), 2):
        if follower in priors:
            continue
        law = prior.get(leader)
        ends = [float(get(scene, leader)), *((float(law.low), float(law.high)) if law else ())]
        units = [describe(scene, path)["unit"] for path in (follower, leader)]
        fits = units[0] == units[1] and not sentence(partial(values_at, scene, {follower: jnp.asarray(ends)}))
        words = sentence(partial(check_problem, scene, TABLES, priors, replace(PLAIN, ties={follower: leader})))
        assert fits or words.startswith(f"{follower} is tied to {leader}, ")
        assert (not words) == fits, (follower, leader)
        seen[fits] += 1
    assert min(seen.values()) > 20


def test_offsets_of_tables_are_tied_where_their_units_are_one():
    ties = {"data.b.offset": "data.a.offset"}
    check_problem(with_data(TABLES), TABLES, {}, replace(PLAIN, ties=ties))
    other = {**TABLES, "b": replace(TABLES["b"], unit=unit_of("1 / (m2 s sr)"))}
    with pytest.raises(ValueError, match=r"data[.]b[.]offset is tied to data[.]a[.]offset, but the one counts in"):
        check_problem(with_data(other), other, {}, replace(PLAIN, ties=ties))


def test_the_sea_that_is_asked_for_is_the_one_that_shines():
    halos, options = halo("burst"), replace(PLAIN, sea="ams02-dampe")
    priors = {CHI: dist.Uniform(-3.0, 0.0)}
    called = Scene({"sea": halos.components["halo"]}, halos.view, {}, halos.gas)
    with pytest.raises(AssemblyError, match="adds a component 'sea', but another is called so"):
        fitting.Problem(called, TABLES, {CHI.replace("halo", "sea"): priors[CHI]}, options)
    same = Scene({**halos.components, "sea": Model(LocalSea(), None, Uniform())}, halos.view, {}, halos.gas)
    problem = fitting.Problem(same, {"a": TABLES["a"]}, priors, options)
    assert set(problem.changed(title="again").scene.components) == {"halo", "sea"}


def test_nodes_of_tables_are_told_apart_by_more_than_their_words():
    """Names that read like another table around another component."""
    halos = halo("burst")
    away = bind(halos, {"components.halo.place.north": 0.3}).components["halo"]
    scene = Scene({"halo": away, "x": halos.components["halo"]}, halos.view, {}, halos.gas)
    names = ("x", "x around halo", "x around halo around halo", "x, halo", "table x")
    problem = fitting.Problem(scene, dict.fromkeys(names, TABLES["b"]), {CHI: dist.Uniform(-3.0, 0.0)}, PLAIN)
    found = [response.place for responses in problem.setup.response.values() for response in responses]
    assert len(found) == 2 * len(names) == len(set(found))


def test_what_is_free_and_not_felt_is_not_fitted(w28):
    """Its posterior would be the prior, in a table beside those that the data made."""
    idle = w28.changed(priors={**w28.priors, "gas.density": dist.Uniform(0.1, 1.0)})
    for ask in (fitting.fit, partial(fitting.scan, grid={"gas.density": [0.2, 0.4]})):
        with pytest.raises(ValueError, match=r"gas\.density has a prior, but no table feels it"):
            ask(idle)
