"""Halos so near that they are wide on the sky: tables against rays from us, boxes against the sky's own coordinates."""

from dataclasses import replace

import astropy.units as u
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from astropy.coordinates import SkyCoord, SkyOffsetFrame

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import Anisotropic, View, solve
from tests.fitting.halos import halo

SOURCE = (40.0, 55.0)
OPTIONS = fitting.Options(nuclear="none", points_per_decade=4, centres={"source": SOURCE})
DISTANCE = 250.0  # pc


def problem(transport=None, options=OPTIONS, priors=None, **spec) -> fitting.Problem:
    bands = {"kind": "surface_brightness", "unit": "1 / (cm2 s sr)", "e_edges": ["1 TeV", "3 TeV"]}
    table = blank_table("table", {**bands, **spec}, "tables.table.layout", SOURCE)
    scene = replace(halo("burst"), view=View(distance=1e-3 * DISTANCE))
    if transport is not None:
        scene = replace(scene, components={"halo": replace(scene.components["halo"], transport=transport)})
    return fitting.Problem(scene, {"table": table}, priors or {}, options)


def shines(case: fitting.Problem):
    """Light of the table's only row [per distance], at any distance from the source in distances of it."""
    field, (look,) = solve(case.scene, case.setup)["halo"], case.setup.response["table"]
    radius = np.geomspace(1e-5, 200.0, 4000)
    density = field.density(jnp.asarray(radius * DISTANCE)[:, None] * jnp.eye(1, 3))
    line = np.log(np.maximum(look.channels[0].emission[0, 0] @ density, 1e-300)) + np.log(10.0 * 1e-3 * DISTANCE)
    return lambda at: np.exp(np.interp(np.log(at), np.log(radius), line))


def rays(light, angle: np.ndarray) -> np.ndarray:
    """∫ light ds at each angle from the source, from us (s = 0) on: r² = sin²θ + (s − cos θ)²."""
    line = np.linspace(1e-4, 1.2, 400)
    end = np.arcsinh([-np.cos(line) / np.sin(line), 100.0 / np.sin(line)])
    place = end[0] + (end[1] - end[0]) * np.linspace(0.0, 1.0, 1000)[:, None]
    radius = np.sin(line) * np.cosh(place)
    seen = np.trapezoid(light(radius) * radius, place, axis=0)
    return np.exp(np.interp(angle, line, np.log(seen)))


@pytest.mark.slow
def test_annuli_and_a_box_see_rays_from_us():
    """Annuli out to 30 deg; a box 12 deg off at declination 55, in the frame of its own centre."""
    case = problem(r_edges=np.linspace(0.0, 30.0, 13).tolist())
    light = shines(case)
    edge = np.deg2rad(np.linspace(0.0, 30.0, 13))
    middle = edge[:-1, None] + np.diff(edge)[:, None] * (np.arange(20) + 0.5) / 20
    expected = np.average(rays(light, middle), axis=1, weights=np.sin(middle))
    np.testing.assert_allclose(case.predict().tables["table"][0], expected, rtol=1e-3)
    middle = SkyCoord(55.0 * u.deg, 62.0 * u.deg)
    box = {"shape": "box", "centre": (55.0, 62.0), "width": 3.0, "height": 14.0, "angle": 10.0}
    found = problem(region=box).predict().tables["table"][0, 0]
    across, along = np.meshgrid(*((np.arange(200) + 0.5) / 200 * 2 - 1 for _ in range(2)), indexing="ij")
    flat = across * np.tan(np.deg2rad(1.5)), along * np.tan(np.deg2rad(7.0))
    frame = SkyOffsetFrame(origin=middle, rotation=10.0 * u.deg)
    length = np.sqrt(1.0 + flat[0] ** 2 + flat[1] ** 2)
    places = SkyCoord(np.arctan(flat[0]) * u.rad, np.arcsin(flat[1] / length) * u.rad, frame=frame)
    apart = places.icrs.separation(SkyCoord(*SOURCE, unit="deg")).rad
    np.testing.assert_allclose(found, np.average(rays(light, apart), weights=length**-3), rtol=1e-3)


WIDE = {
    "annuli": {"r_edges": [0.0, 2.0, 5.0, 10.0, 20.0, 30.0]},
    "circle": {"region": {"shape": "circle", "centre": (60.0, 70.0), "radius": 5.0}},
    "box": {"region": {"shape": "box", "centre": (60.0, 70.0), "width": 12.0, "height": 5.0, "angle": 30.0}},
}


@pytest.mark.slow
@pytest.mark.parametrize("psf", [{}, {"psf": "0.5 deg"}], ids=["sharp", "blurred"])
@pytest.mark.parametrize("name", WIDE)
def test_points_see_what_round_matrices_see(name, psf):
    even = Anisotropic(log10_ratio=0.0, inclination=60.0, azimuth=20.0)
    found = problem(even, **WIDE[name], **psf).predict().tables["table"]
    np.testing.assert_allclose(found, problem(**WIDE[name], **psf).predict().tables["table"], rtol=1e-3)


def test_what_lies_too_far_from_the_source_is_refused():
    for spec, words in (
        ({"r_edges": [0.0, 61.0]}, "reaches 61 deg from what shines, and rays are followed to 60 deg"),
        ({"r_edges": [0.0, 20.0], "psf": "4 deg"}, "a point-spread function 4 deg wide"),
        (
            {"region": {"shape": "box", "centre": (40.0, 10.0), "width": 60.0, "height": 40.0}},
            "rays are followed to 60",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            problem(**spec)
    place = "components.halo.place.north"
    with pytest.raises(ValueError, match="rays are followed"):
        problem(r_edges=[0.0, 20.0], priors={place: dist.Uniform(-50.0, 0.0)})
