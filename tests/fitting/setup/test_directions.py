"""North is north and east is east: for what is not round, a table beside the source, and a source that moves."""

import dataclasses
import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.setup import places
from fitting.setup.points import points
from jaxcrc import Place, Scene, View, bind
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe.globe import place_of
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.round import Centre, squared_chord
from tests.fitting.halos import halo

SOURCE = (10.0, 20.0)
SIDES = list(itertools.product((-0.3, 0.2), (0.4, -0.1)))  # north and east [deg]
SHAPES = {
    "circle": {"region": {"shape": "circle", "radius": 0.1}},
    "box": {"region": {"shape": "box", "width": 0.16, "height": 0.08, "angle": 20.0}},
    "annuli": {"r_edges": [0.0, 0.05, 0.1]},
}
BARE = {"kind": "flux", "unit": "1 / (cm2 s)", "e_edges": ["1 TeV", "3 TeV"]}


def beside(north: float, east: float) -> tuple[float, float]:
    """A position on the sky that lies so far to the north and east of the source."""
    return SOURCE[0] + east / math.cos(math.radians(SOURCE[1] + north)), SOURCE[1] + north


def look(shape: str, north: float, east: float, **more) -> fitting.Table:
    return blank_table("a", {**BARE, **SHAPES[shape], **more}, "tables.a.layout", beside(north, east))


OPTIONS = fitting.Options(centres={"source": SOURCE})


@pytest.mark.parametrize("psf", [{}, {"psf": "0.02 deg"}], ids=["sharp", "blurred"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_not_round_is_seen_where_the_table_looks(shape, psf):
    """The light that a table catches comes, on average, from its own centre, wherever the component is."""
    for (north, east), own in zip(SIDES, [(0.0, 0.0), (0.05, -0.1)] * 2, strict=True):
        scene = bind(halo("burst"), {f"components.halo.place.{axis}": at for axis, at in zip(places.AXES, own)})
        dark = (Channel("halo", jnp.zeros((1, 1, 1)), on_gas=True),)
        found = points(scene, "a", look(shape, north, east, **psf), dark, OPTIONS)
        light = np.asarray(found.projection[0, 0]).sum(axis=0)
        middle = np.rad2deg(light @ place_of(np.asarray(found.along)) / light.sum())
        np.testing.assert_allclose(middle, [north, east], atol=4e-3)


def test_a_table_is_seen_from_a_component_at_the_difference_of_both():
    """Table minus source's offset minus component's place, on each axis and with each sign."""
    for (north, east), moved, own in itertools.product(SIDES, SIDES, SIDES):
        values = {"view.offset_north": moved[0], "view.offset_east": moved[1]}
        values |= {"components.halo.place.north": own[0], "components.halo.place.east": own[1]}
        free, (offset,) = places.centre(bind(halo("burst"), values), look("circle", north, east), "halo", OPTIONS)
        assert free is None
        expected = [north - moved[0] - own[0], east - moved[1] - own[1]]
        np.testing.assert_allclose(np.rad2deg(offset), expected, atol=3e-3)


def test_a_source_that_is_free_is_as_far_from_a_table_as_one_that_is_placed():
    """The weights of a free centre interpolate in the squared chord between table and component."""
    centre = Centre("halo", place=(0.1, 0.3), span=(0.0, 2.0), order=12)
    square = chebyshev_nodes(0.0, squared_chord(2.0), 12)
    for moved, own in itertools.product(SIDES, SIDES):
        model = dataclasses.replace(halo("burst").components["halo"], place=Place(north=own[0], east=own[1]))
        scene = Scene({"halo": model}, View(distance=1.0, offset_north=moved[0], offset_east=moved[1]))
        weight = np.asarray(centre.weight(scene))
        arcs = np.deg2rad([[0.1, 0.3], np.add(moved, own)])
        (one, other), (turn, back) = np.hypot(*arcs.T), np.arctan2(*arcs.T)
        apart = np.arccos(np.cos(one) * np.cos(other) + np.sin(one) * np.sin(other) * np.cos(turn - back))
        expected = squared_chord(np.rad2deg(apart))
        np.testing.assert_allclose(weight @ square, expected, rtol=1e-9)
        np.testing.assert_allclose(weight @ np.exp(-1e3 * square), np.exp(-1e3 * expected), rtol=1e-6)
