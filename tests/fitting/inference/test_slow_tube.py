"""The shipped case of a cosmic-ray cloud gives back what it was made of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import fitting
from fitting.inference import maximum as optimize
from jaxcrc.forward import cast, solve
from tests.fitting.cases.test_tube import layout, rings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [0.05, 0.2])
def test_rings_through_a_psf_see_the_blurred_image(width):
    """The column on a grid of sky pixels, convolved with the PSF pixel by pixel, averaged over rings: 2 %."""
    problem = rings(psf=f"{width} deg")
    field = solve(problem.scene, problem.setup)["released"]
    (look,) = problem.setup.response["rings"]
    pc = np.deg2rad(1.0e3 * float(problem.scene.view.distance))  # in a degree
    found = np.asarray(look.projection[0, 0] @ field.rings(pc * jnp.rad2deg(look.edges))[0])

    step, depth = 0.025, np.linspace(-120.0, 120.0, 481)
    pixel = step * (np.arange(201) - 100)
    north, east = np.meshgrid(pixel * pc, pixel * pc, indexing="ij")
    axis, radius = np.asarray(field.axis), float(field.radius()[0])
    z = np.linspace(0.0, 200.0, 4001)
    along = np.asarray(field.along(jnp.asarray(z))[0])
    image = np.zeros_like(north)
    for away in depth:
        position = north * axis[0] + east * axis[1] + away * axis[2]
        inside = north**2 + east**2 + away**2 - position**2 < radius**2
        image += inside * np.interp(np.abs(position), z, along) * (depth[1] - depth[0])
    image = gaussian_filter(image, width / step, truncate=5.0)
    away = np.hypot(north, east) / pc
    counted = [image[(away >= low) & (away < high)].mean() for low, high in ((0.0, 0.5), (0.5, 1.0))]
    np.testing.assert_allclose(found, counted, rtol=0.02)


REGIONS = {
    "rings": {"r_edges": ["0 deg", "0.5 deg", "1 deg"], "centre": [10.0, 0.0]},
    "circle": {"region": {"shape": "circle", "centre": [10.0, 0.0], "radius": "0.6 deg"}},
    "box": {"region": {"shape": "box", "centre": [10.0, 0.3], "width": "0.8 deg", "height": "0.5 deg", "angle": 30.0}},
}


@pytest.mark.parametrize("sharp", [{}, {"psf": "0.15 deg"}], ids=["sharp", "blurred"])
def test_it_fits_its_own_simulation_through_every_region(sharp, monkeypatch):
    """Noise and all, from a single start away from the truth: by all regions, and each of them is well described."""
    monkeypatch.setattr(optimize, "STARTS", 1)
    sight = {"kind": "dnde", "unit": "1 / (TeV cm2 s)", "e_ref": ["30 GeV", "300 GeV", "3 TeV", "10 TeV"]}
    problem = layout({name: {**sight, "error": 0.05, **region, **sharp} for name, region in REGIONS.items()})
    mock = fitting.simulate(problem, seed=3)
    truth = {path: float(value) for path, value in problem.start().items()}
    away = {path: truth[path] + shift for path, shift in zip(truth, (0.3, -0.1, 0.2), strict=True)}
    best = fitting.find_map(mock.at(away))
    assert best.converged
    for path, value in truth.items():
        assert abs(best.values[path] - value) < 3.0 * best.errors[path], path
        assert best.errors[path] < 0.3, path
    predicted = mock.predict(best.values).tables
    for name, table in mock.tables.items():
        pulls = (table.value - np.asarray(predicted[name])) / table.error_hi
        assert np.mean(pulls**2) < 3.0, name


def test_map_of_the_demo_tube_is_the_truth(monkeypatch):
    """Within three of its own errors, from a single start away from the truth; `benchmarks/tube.py` samples it too."""
    monkeypatch.setattr(optimize, "STARTS", 1)
    problem = fitting.load("tube")
    away = {
        path: float(value) + shift
        for (path, value), shift in zip(problem.start().items(), (0.3, -0.1, 0.3), strict=True)
    }
    best = fitting.find_map(problem.at(away))
    for path, truth in problem.tables["giant"].truth.items():
        assert abs(best.values[path] - truth) < 3.0 * best.errors[path], path
        assert best.errors[path] < 0.5, path


def test_single_precision_sees_the_same_tube():
    """The solver does not fail there, and ln L is that of double precision over the prior."""
    problem = fitting.load("tube")
    draws = problem.sample_prior(jax.random.key(1), 4)
    posterior, single = cast((problem.posterior, draws), jnp.float32)
    got = jax.jit(lambda p, d: jax.lax.map(lambda v: (p.log_likelihood(v), p.predict(v).status), d))(posterior, single)
    exact = problem.predict_many(draws)
    np.testing.assert_array_equal(got[1], exact.status)
    np.testing.assert_allclose(got[0], problem.log_likelihood(draws), rtol=1e-3)
