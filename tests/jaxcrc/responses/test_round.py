"""What is round, the sea and clouds: forward models put together by hand, against closed forms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import (
    Burst,
    Centre,
    Channel,
    Cloud,
    CloudSpectrum,
    Column,
    EnergyGrid,
    Homogeneous,
    LocalSea,
    Model,
    Nuisance,
    Place,
    Point,
    PowerLaw,
    PowerLawDiffusion,
    Released,
    Round,
    Scene,
    Setup,
    Uniform,
    UniformGas,
    View,
    annulus_means,
    bind,
    local_sea,
    predict,
    radial_nodes,
)
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe.inside import Spheres
from jaxcrc.responses.cloud import Asked, Sizes
from jaxcrc.units import CM2_S_PER_PC2_KYR, PROTON_MASS

KINETIC = jnp.geomspace(100.0, 1e4, 5)
GRID = EnergyGrid(KINETIC, jnp.ones(5, bool), PROTON_MASS)
AS_IT_IS = jnp.eye(5)[None]  # light that is the density itself
KAPPA, AGE, DISTANCE = 2.0, 10.0, 1.5  # pc² kyr⁻¹, kyr, kpc
SOURCE = Released(
    PowerLaw(index=2.2, log10_cutoff=3.0), Burst(log10_energy=49.5, log10_age=float(np.log10(AGE) + 3.0)), Point()
)
MEDIUM = PowerLawDiffusion(log10_kappa=float(np.log10(KAPPA * CM2_S_PER_PC2_KYR)), delta=0.0)
SCENE = Scene({"halo": Model(SOURCE, MEDIUM, Homogeneous())}, View(distance=DISTANCE), {}, UniformGas(density=7.0))
EDGES = np.deg2rad([0.0, 0.2, 0.4, 0.8])


def setup(**extra) -> Setup:
    nodes = radial_nodes(EDGES[1], EDGES[-1])
    means = annulus_means(nodes, EDGES[:-1], EDGES[1:])
    given = {"power": 1, "psf_span": None, "place": ("rings",), "projection": jnp.asarray(means)[None, None]}
    look = Round(angle=jnp.asarray(nodes.radius), channels=(Channel("halo", AS_IT_IS, True),), **{**given, **extra})
    return Setup({"halo": GRID}, {"rings": (look,)})


def gaussian_columns() -> np.ndarray:
    """Mean column of a burst over rings [GeV⁻¹ cm⁻³ kpc] times the gas: N ΔΣ/(π Δb²), Σ(<b) = 1 − e^{−b²/4κt}."""
    edges = 1e3 * DISTANCE * EDGES
    share = np.diff(-np.expm1(-(edges**2) / (4.0 * KAPPA * AGE)))
    amount = np.asarray(SOURCE.amplitude(KINETIC))[:, None]
    return 7.0 * amount * share / (np.pi * np.diff(edges**2)) / 1e3


def test_rings_of_a_burst_are_those_of_a_gaussian():
    found = predict(SCENE, setup())
    np.testing.assert_allclose(found.tables["rings"], gaussian_columns(), rtol=1e-5)
    assert int(found.status) & 1 == 0


@pytest.mark.slow
def test_the_distance_moves_nodes_and_light():
    def at(distance):
        return predict(bind(SCENE, {"view.distance": distance}), setup()).tables["rings"]

    np.testing.assert_allclose(at(DISTANCE), gaussian_columns(), rtol=1e-5)
    slope = jax.jacfwd(at)(DISTANCE)
    np.testing.assert_allclose(slope, (at(DISTANCE + 1e-4) - at(DISTANCE - 1e-4)) / 2e-4, rtol=1e-5)


def test_a_psf_that_bends_is_interpolated():
    """Matrices at Chebyshev nodes of ln(width), here made to be linear in it."""
    span, size = (0.5, 2.0), 12
    plain = np.asarray(setup().response["rings"][0].projection)
    widths = chebyshev_nodes(np.log(span[0]), np.log(span[1]), size)
    bent = setup(projection=jnp.asarray(np.concatenate([(1.0 + w) * plain for w in widths])), psf_span=span)
    for scale in (0.6, 1.0, 1.7):
        scene = Scene(SCENE.components, SCENE.view, {"rings": Nuisance(psf_scale=scale)}, SCENE.gas)
        found = predict(scene, bent).tables["rings"]
        np.testing.assert_allclose(found, (1.0 + np.log(scale)) * gaussian_columns(), rtol=1e-5)


def test_a_centre_that_moves_weights_by_its_distance():
    """Weights of the squared chord between the table's centre and the component's place, the source's offset on top."""
    centre = Centre("halo", (0.3, 0.1), (0.0, 1.0), 6)
    moved = bind(SCENE, {"components.halo.place.north": 0.1, "view.offset_east": -0.2})
    squares = chebyshev_nodes(0.0, 4.0 * np.sin(np.deg2rad(0.5)) ** 2, 6)
    places = np.deg2rad([[0.3, 0.1], [0.1, -0.2]])
    arcs, turns = np.hypot(*places.T), np.arctan2(*places.T)
    expected = 2.0 - 2.0 * (np.cos(arcs).prod() + np.sin(arcs).prod() * np.cos(turns[0] - turns[1]))
    assert float(centre.weight(moved) @ squares) == pytest.approx(expected, rel=1e-10)
    assert float(jnp.sum(centre.weight(moved))) == pytest.approx(1.0)


def test_the_sea_shines_through_its_depth():
    sea = Model(LocalSea(), None, Uniform())
    scene = Scene({"sea": sea}, View(distance=DISTANCE, gas_depth=120.0), {}, UniformGas(density=3.0))
    solid = jnp.asarray([2.0, 5.0])[None, None, :, None]
    look = Column(projection=solid, channels=(Channel("sea", AS_IT_IS, True),), place=("sea",))
    found = predict(scene, Setup({"sea": GRID}, {"sky": (look,)})).tables["sky"]
    expected = 3.0 * 0.12 * np.asarray(local_sea(KINETIC))[:, None] * np.array([2.0, 5.0])
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("shape", ["gaussian", "ball"])
def test_a_cloud_shines_by_its_mass_and_mean_density(shape):
    """Against a sum over many random places in the cloud, off the source in both directions."""
    size, offset, depth, azimuth = 0.3, 0.8, 12.0, 35.0
    view = View(
        distance=DISTANCE,
        clouds={"a": Cloud(log10_mass=4.0, size=size, offset=offset, depth=depth, azimuth=azimuth)},
    )
    scene = Scene(SCENE.components, view, {}, UniformGas(density=1.0))
    look = CloudSpectrum(
        inside={"halo": Asked(Spheres(shape))},
        projection=jnp.ones((12, 1, 1, 1)),
        channels=(Channel("halo", AS_IT_IS, False),),
        sizes=Sizes((size / 3.0, size * 3.0), 10, np.inf),
        place=("cloud", "a"),
        cloud="a",
        psf_span=None,
    )
    found = predict(scene, Setup({"halo": GRID}, {"cloud": (look,)})).tables["cloud"][:, 0]
    rng, pc = np.random.default_rng(2), 1e3 * DISTANCE * np.pi / 180.0
    points = rng.normal(size=(400_000, 3))
    if shape == "ball":
        points *= (rng.uniform(size=(len(points), 1)) ** (1 / 3)) / np.linalg.norm(points, axis=1, keepdims=True)
    turn = np.deg2rad(azimuth)
    across = 1e3 * DISTANCE * np.tan(np.deg2rad(offset))
    middle = np.array([across * np.cos(turn), across * np.sin(turn), depth])
    squared = np.sum((middle + pc * size * points) ** 2, axis=1)
    mean = np.mean(np.exp(-squared / (4.0 * KAPPA * AGE))) / (4.0 * np.pi * KAPPA * AGE) ** 1.5
    expected = 1e4 / DISTANCE**2 * np.asarray(SOURCE.amplitude(KINETIC)) * mean
    np.testing.assert_allclose(found, expected, rtol=1e-2)


def test_components_at_places_of_their_own_are_asked_from_there():
    there = Place(north=0.4, east=-0.1, depth=5.0)
    scene = Scene({"halo": Model(SOURCE, MEDIUM, Homogeneous(), place=there)}, View(distance=DISTANCE))
    vector = np.asarray(scene.place("halo"))
    pc = 1e3 * DISTANCE * np.tan(np.deg2rad(np.hypot(0.4, 0.1))) / np.hypot(0.4, 0.1)
    np.testing.assert_allclose(vector, [0.4 * pc, -0.1 * pc, 5.0])
    apart = np.linalg.norm(vector + np.array([0.0, 0.0, 1e3 * DISTANCE]))
    assert float(scene.distance("halo")) == pytest.approx(apart, rel=1e-12)
    np.testing.assert_allclose(scene.surroundings("halo").gas.at(jnp.zeros((1, 3))), [1.0])
