"""Components with places of their own, against closed forms, sums over pixels, and the same thing told otherwise."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.signal import fftconvolve
from scipy.stats import ncx2

import fitting
from fitting.cases.case import read, spell_case
from fitting.cases.files import CaseError, locate_case
from fitting.cases.layout import blank_table
from fitting.runs.labels import labels
from fitting.setup.places import nearest
from fitting.tables.table import Table
from jaxcrc import Anisotropic, Ballistic, Bubble, Cloud, Homogeneous, Place, Scene, UniformGas, View, bind, solve
from jaxcrc.responses.points import Points
from jaxcrc.responses.round import Round
from jaxcrc.transport.base import Symmetry
from jaxcrc.units import PC_PER_KPC
from tests.fitting.halos import CHI, centred, halo, layout

SOURCE = (10.0, 20.0)
AWAY = (0.35, -0.2)  # north and east [deg]


def elsewhere() -> Place:
    return Place(north=AWAY[0], east=AWAY[1])


def as_far(north: float, east: float) -> Place:
    """A place as far from us as the source, not in its plane."""
    flat = np.asarray(Place(north=north, east=east).vector(1.0))
    return Place(north=north, east=east, depth=np.sqrt(1e6 - flat @ flat) - 1e3)


NORTH, EAST, DEPTH = (f"components.halo.place.{axis}" for axis in ("north", "east", "depth"))
PRIOR = {CHI: dist.Uniform(-3.0, 0.0)}
ANNULI = centred(layout(6), SOURCE)


def table(psf: str = "0.1 deg", **where) -> Table:
    bands = {"e_edges": ["0.3 TeV", "3 TeV", "30 TeV"], "psf": psf, "unit": "1 / (cm2 s)", "kind": "flux"}
    return blank_table("table", {**bands, **where}, "tables.table.layout")


RINGS = centred(table(r_edges=[0.0, 0.2, 0.4, 0.7, 1.0]), SOURCE)
GIANT = table(region={"shape": "total"})


def scene(kind="burst", place: Place | None = None, transport=None, gas=None, **view) -> Scene:
    model = dataclasses.replace(halo(kind).components["halo"], place=place or Place())
    model = model if transport is None else dataclasses.replace(model, transport=transport)
    return Scene({"halo": model}, View(distance=1.0, **view), {}, gas or UniformGas(density=10.0))


def problem(scene: Scene, look=ANNULI, priors=None, **options) -> fitting.Problem:
    options = fitting.Options(nuclear="none", points_per_decade=3, centres={"source": SOURCE}, **options)
    return fitting.Problem(scene, {"table": look}, priors or PRIOR, options)


def seen(*args, **kwargs) -> np.ndarray:
    return np.asarray(problem(*args, **kwargs).predict().tables["table"])


def gaussian_light(case: fitting.Problem) -> tuple[np.ndarray, np.ndarray]:
    """Light of each energy of a burst from all around [photon, energy], and its width on the sky [deg]."""
    field = solve(case.scene, case.setup)["halo"]
    (look,) = case.setup.response["table"]
    distance = float(case.scene.distance("halo")) / PC_PER_KPC
    column = np.asarray(field.amplitude) / PC_PER_KPC**3 / distance**2  # [kpc sr] times a density
    width = np.rad2deg(np.sqrt(2.0 * np.asarray(field.kappa) * float(field.time)) / (PC_PER_KPC * distance))
    return np.asarray(look.channels[0].emission[0]) * column, width


def test_annuli_catch_what_they_must_of_a_burst_elsewhere():
    """A circle catches of a two-dimensional Gaussian off its centre what a non-central χ² says."""
    case = problem(scene(place=elsewhere()), RINGS)
    light, width = gaussian_light(case)
    spread = width**2 + 0.1**2
    edges = np.append(RINGS.r_min, RINGS.r_max[-1])
    inside = ncx2.cdf(edges[:, None] ** 2 / spread, 2, np.hypot(*AWAY) ** 2 / spread)
    expected = 10.0 * light @ np.diff(inside, axis=0).T
    np.testing.assert_allclose(case.predict().tables["table"], expected, rtol=1e-4)


@pytest.mark.slow
def test_annuli_around_a_constant_source_elsewhere_sum_pixels():
    """Columns by brute force on a grid of pixels, blurred by a sum over them, and cut by the annuli's edges."""
    case = problem(scene("continuous", elsewhere()), RINGS)
    pixel, half = 0.01, 1.6
    axis = np.arange(-half, half + 0.5 * pixel, pixel)
    north, east = np.meshgrid(axis, axis, indexing="ij")
    field, (look,) = solve(case.scene, case.setup)["halo"], case.setup.response["table"]
    impact = np.geomspace(1e-4, 4.0, 300)
    depth = np.sinh(np.linspace(0.0, 8.0, 400)) / np.sinh(8.0) * 100.0
    radius = np.deg2rad(np.hypot(impact[:, None], depth)) * PC_PER_KPC
    place = jnp.asarray(radius.ravel())[:, None] * jnp.eye(1, 3)
    shining = np.asarray(look.channels[0].emission[0] @ field.density(place)).reshape(-1, *radius.shape)
    column = 2.0 * np.trapezoid(shining, np.deg2rad(depth), axis=-1)
    away = np.hypot(north - AWAY[0], east - AWAY[1])
    # Pixels that hold the cusp are filled with means over finer ones.
    fine = (np.arange(20) - 9.5) / 20.0 * pixel
    pixels = np.log(np.maximum(away, 1e-3))
    kernel = np.exp(-0.5 * (north**2 + east**2) / 0.1**2)
    apart, edges = np.hypot(north, east), np.append(RINGS.r_min, RINGS.r_max[-1])
    for row, line in enumerate(column):
        bright = np.interp(pixels, np.log(impact), line)
        for i, k in zip(*np.nonzero(away < 5.0 * pixel), strict=True):
            inner = np.hypot(north[i, k] - AWAY[0] + fine[:, None], east[i, k] - AWAY[1] + fine)
            bright[i, k] = np.interp(np.log(inner), np.log(impact), line).mean()
        blurred = fftconvolve(bright, kernel / kernel.sum(), mode="same")
        within = [np.sum(blurred * np.clip((edge - apart) / pixel + 0.5, 0.0, 1.0)) for edge in edges]
        expected = 10.0 * np.diff(within) * np.deg2rad(pixel) ** 2
        np.testing.assert_allclose(case.predict().tables["table"][row], expected, rtol=2e-3)


def test_two_halves_elsewhere_are_one_source_that_is_elsewhere():
    model = scene(place=as_far(*AWAY)).components["halo"]
    half = eqx.tree_at(
        lambda m: m.source.release.log10_energy, model, model.source.release.log10_energy - np.log10(2.0)
    )
    halves = problem(Scene({"halo": half, "other": half}, View(distance=1.0), {}, UniformGas(density=10.0)))
    assert len(halves.setup.response["table"]) == 1  # at one place they share their matrices
    moved = seen(scene(offset_north=AWAY[0], offset_east=AWAY[1]))
    np.testing.assert_allclose(halves.predict().tables["table"], moved, rtol=1e-12)


def test_places_add_to_the_offset_of_the_source():
    there = seen(scene(place=as_far(*AWAY)))
    both = seen(scene(place=as_far(0.25, -0.25), offset_north=0.1, offset_east=0.05))
    np.testing.assert_allclose(both, there, rtol=1e-12)


@pytest.mark.slow
def test_pairs_that_mirror_each_other_are_seen_alike():
    circles = {
        sign: table(region={"shape": "circle", "centre": (SOURCE[0], SOURCE[1] + 0.5 * sign), "radius": 0.2})
        for sign in (1, -1)
    }
    north, south = (scene(place=Place(north=0.3 * sign, east=0.2, depth=0.0)) for sign in (1, -1))
    np.testing.assert_allclose(seen(north, circles[1]), seen(south, circles[-1]), rtol=1e-6)
    assert np.all(seen(north, circles[1]) > 1.05 * seen(south, circles[1]))
    np.testing.assert_allclose(seen(north), seen(south), rtol=1e-12)
    east = {"halo": north.components["halo"], "west": scene(place=Place(north=-0.3, east=-0.2)).components["halo"]}
    pair = problem(Scene(east, View(distance=1.0), {}, UniformGas(density=10.0)))
    assert len(pair.setup.response["table"]) == 2
    np.testing.assert_allclose(pair.predict().tables["table"], 2.0 * seen(north), rtol=1e-12)


@pytest.mark.slow
def test_points_see_what_round_matrices_see(monkeypatch):
    monkeypatch.setattr(Anisotropic, "symmetry", lambda transport, source: Symmetry.NONE)
    there = scene(place=elsewhere())
    points = problem(scene(place=elsewhere(), transport=Anisotropic(log10_ratio=0.0, inclination=60.0, azimuth=20.0)))
    assert isinstance(points.setup.response["table"][0], Points)
    np.testing.assert_allclose(points.predict().tables["table"], seen(there), rtol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("east", [(-0.4, 0.1), (0.1, 0.4)])
def test_a_free_place_moves_through_constant_matrices(east):
    priors = {NORTH: dist.Uniform(0.1, 0.6), EAST: dist.Uniform(*east), **PRIOR}
    free = problem(scene(place=elsewhere()), priors=priors)
    for north, at in ((0.35, east[0]), (0.11, east[1]), (0.5, 0.05)):
        expected = seen(scene(place=Place(north=north, east=at)))
        got = free.predict({NORTH: north, EAST: at}).tables["table"]
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5 * float(np.max(expected)))


def slopes_and_differences(case: fitting.Problem, at: dict[str, float], step: float):
    @jax.jit
    def told(values):
        light = case.posterior.predict(values).tables["table"]
        return jnp.sum(jnp.log(light) * jnp.arange(1.0, 1.0 + light.size).reshape(light.shape))

    at = {path: jnp.asarray(value) for path, value in {**case.start(), **at}.items()}
    slope = jax.jit(jax.grad(told))(at)
    for path in (p for p in case.paths if ".place." in p):
        ends = [float(told({**at, path: at[path] + sign * step})) for sign in (1, -1)]
        yield path, float(slope[path]), (ends[0] - ends[1]) / (2.0 * step)


@pytest.mark.parametrize("name", ["cloud", pytest.param("annuli", marks=pytest.mark.slow)])
def test_each_coordinate_of_a_place_is_felt(name):
    on_the_sky = {NORTH: dist.Uniform(-0.5, 0.5), EAST: dist.Uniform(-0.5, 0.5), **PRIOR}
    cloud = {"clouds": {"a": Cloud(log10_mass=4.0, size=0.1, offset=0.5, depth=5.0, azimuth=70.0)}}
    at = {NORTH: 0.2, EAST: -0.1}
    if name == "cloud":
        everywhere, at = {**on_the_sky, DEPTH: dist.Normal(0.0, 5.0)}, {**at, DEPTH: 3.0}
        case = problem(scene(**cloud), GIANT, everywhere, clouds={"table": "a"})
    else:
        case = problem(scene(), priors=on_the_sky)
    found = list(slopes_and_differences(case, at, 1e-4))
    assert len(found) == len(at)
    for path, slope, difference in found:
        assert abs(slope) > 1e-3, path
        assert slope == pytest.approx(difference, rel=1e-5), path


def test_a_cloud_sees_the_way_from_where_the_component_is():
    # In line: a component half-way to a cloud is as a cloud at half the distance.
    across = np.rad2deg(np.arctan(0.5 * np.tan(np.deg2rad(0.6))))
    near = scene(clouds={"a": Cloud(log10_mass=4.0, size=0.05, offset=across, depth=4.0, azimuth=60.0)})
    half = Place(north=across * np.cos(np.pi / 3.0), east=across * np.sin(np.pi / 3.0), depth=4.0)
    far = scene(place=half, clouds={"a": Cloud(log10_mass=4.0, size=0.05, offset=0.6, depth=8.0, azimuth=60.0)})
    expected = seen(near, GIANT, clouds={"table": "a"})
    np.testing.assert_allclose(seen(far, GIANT, clouds={"table": "a"}), expected, rtol=1e-6)


@pytest.mark.slow
def test_gas_stays_around_the_source():
    """All light of a burst elsewhere: the mean of the gas over three Gaussians, from a non-central χ² of its radius."""
    bubble = Bubble(density=10.0, inside=1.0, radius=8.0, edge=0.2)
    place = Place(north=0.3, east=-0.2, depth=4.0)
    wide = centred(table(r_edges=[0.0, 20.0]), SOURCE)
    case = problem(scene(place=place, gas=bubble), wide)
    assert isinstance(case.setup.response["table"][0], Points)
    light, width = gaussian_light(case)
    sigma = np.deg2rad(width) * float(case.scene.distance("halo"))
    shift = np.linalg.norm(np.asarray(place.vector(1.0)))
    radius = np.linspace(0.0, 1.0, 4001)[1:] * (shift + 10.0 * sigma[:, None])
    weight = ncx2.pdf((radius / sigma[:, None]) ** 2, 3, (shift / sigma[:, None]) ** 2) * 2.0 * radius
    gas = np.asarray(bubble.at(jnp.asarray(radius.ravel())[:, None] * jnp.eye(1, 3))).reshape(radius.shape)
    mean = np.sum(gas * weight, axis=1) / np.sum(weight, axis=1)
    nearer = 1.0 + (sigma / float(case.scene.distance("halo"))) ** 2  # the mean of d²/s² over a Gaussian
    np.testing.assert_allclose(case.predict().tables["table"][:, 0], light @ (mean * nearer), rtol=2e-4)


@pytest.mark.slow
def test_losses_are_those_of_the_gas_where_the_component_is():
    losing = Homogeneous(losses=True)
    inside = scene(transport=losing, gas=Bubble(density=1000.0, inside=0.001, radius=20.0, edge=0.01))
    outside = bind(inside, {NORTH: 3.0})
    dense = scene(transport=losing, gas=UniformGas(density=1000.0))
    setup = problem(dense).setup
    there, here, known = (solve(one, setup)["halo"].spread.weight for one in (outside, inside, dense))
    np.testing.assert_allclose(there, known, rtol=1e-6)
    assert np.all(here > 1.1 * known)


@pytest.mark.slow
def test_a_place_follows_what_it_is_tied_to():
    model = scene(place=elsewhere()).components["halo"]
    both = Scene(
        {"halo": model, "other": halo("burst").components["halo"]}, View(distance=1.0), {}, UniformGas(density=10.0)
    )
    ties = {path.replace("halo", "other"): path for path in (NORTH, EAST)}
    fixed = problem(both, ties=ties)
    np.testing.assert_allclose(fixed.predict().tables["table"], 2.0 * seen(scene(place=elsewhere())), rtol=1e-12)
    free = problem(both, priors={NORTH: dist.Uniform(0.1, 0.6), **PRIOR}, ties=ties)
    got = free.predict({NORTH: 0.2}).tables["table"]
    np.testing.assert_allclose(got, 2.0 * seen(scene(place=Place(north=0.2, east=AWAY[1]))), rtol=3e-4)


CASE = tomllib.loads(locate_case("template").read_text(encoding="utf-8"))


def told(place) -> fitting.Problem:
    components = {"escaped": {**CASE["components"]["escaped"], "place": place}}
    return read({**CASE, "components": components, "options": {**CASE["options"], "points_per_decade": 3}}, Path())


def test_a_case_says_where_a_component_is():
    case = told({"centre": [83.7, 22.2], "depth": "3 pc"})
    place = case.scene.components["escaped"].place
    assert float(place.north) == pytest.approx(0.2, abs=1e-4)
    assert float(place.east) == pytest.approx(0.1 * np.cos(np.deg2rad(22.2)), abs=1e-5)
    spelt = spell_case(case, {"profile": "none"})["components"]["escaped"]["place"]
    assert spelt == {"north": float(place.north), "east": float(place.east), "depth": 3.0}
    again = told(spelt)
    assert isinstance(again.setup.response["profile"][0], Round)
    np.testing.assert_array_equal(again.predict().tables["profile"], case.predict().tables["profile"])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"centre": [83.7, 22.2], "north": 0.1}, "give one or the other"),
        ({"centre": [83.7]}, "no position"),
        ({"nord": 0.1}, "unknown key 'nord'"),
        ({"north": "3 pc"}, "deg"),
    ],
)
def test_places_that_make_no_sense_are_named(place, words):
    with pytest.raises(CaseError, match=words):
        told(place)


def test_what_a_place_cannot_do_is_said():
    free = {NORTH: dist.Uniform(-0.3, 0.3)}
    box = table(region={"shape": "box", "centre": SOURCE, "width": 0.4, "height": 0.2})
    with pytest.raises(ValueError, match=r"a box needs a fixed source.*place of 'halo'"):
        problem(scene(), box, free)
    with pytest.raises(ValueError, match="fixed place on the sky"):
        problem(scene("continuous", transport=Ballistic()), priors={**PRIOR, **free})
    with pytest.raises(ValueError, match="has no end"):
        problem(scene(), priors={EAST: dist.Normal(0.0, 0.1)})
    with pytest.raises(ValueError, match="only clouds, or gas that is not uniform"):
        problem(scene(), priors={DEPTH: dist.Normal(0.0, 5.0)})
    with pytest.raises(ValueError, match="'sea' fills all space"):
        problem(scene(), priors={"components.sea.place.north": dist.Uniform(-0.3, 0.3)}, sea="ams02-dampe")


def test_people_read_whose_place_it_is():
    cloud = {"clouds": {"a": Cloud(log10_mass=4.0, size=0.1, offset=0.5, depth=5.0, azimuth=70.0)}}
    case = problem(scene(**cloud), GIANT, {NORTH: dist.Uniform(-0.3, 0.3)}, clouds={"table": "a"})
    assert labels(case)[NORTH] == "halo offset north [deg]"


@pytest.mark.parametrize(
    ("place", "depth", "expected"),
    [(0.0, (30.0, 60.0), 30.0), (80.0, (0.0, 60.0), 20.0), (50.0, (0.0, 60.0), 0.0), (-20.0, (10.0, 60.0), 30.0)],
)
def test_a_cloud_is_nearest_at_the_end_of_its_depths_that_faces_the_component(place, depth, expected):
    there = scene(place=Place(depth=place), clouds={"a": Cloud(log10_mass=4.0, offset=0.0, depth=depth[0], size=0.1)})
    options = fitting.Options(spans={"view.clouds.a.depth": depth})
    distance, size = nearest(there, "halo", "a", options)
    assert distance == pytest.approx(expected)
    assert size == pytest.approx(np.deg2rad(0.1) * 1000.0)
