"""Where tables look: boxes, annuli around another centre, and a source whose place is free."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.layout import blank_table
from fitting.tables.sphere import bearing, separation
from jaxcrc import bind
from tests.fitting.halos import CHI, centred, halo, layout

NORTH, EAST = "view.offset_north", "view.offset_east"


def boxed(**region) -> fitting.Table:
    region = {"shape": "box", "centre": (10.0, 20.3), "width": 0.4, "height": 0.2, **region}
    spec = {"kind": "flux", "unit": "1 / (cm2 s)", "e_edges": ["1 TeV", "3 TeV", "10 TeV"], "psf": "0.07 deg"}
    return blank_table("box", {**spec, "region": region}, "tables.box.layout")


def problem(tables, priors=None, **options) -> fitting.Problem:
    options = fitting.Options(nuclear="none", centres={"source": (10.0, 20.0)}, points_per_decade=8, **options)
    return fitting.Problem(halo("burst"), tables, priors or {CHI: dist.Uniform(-3.0, 0.0)}, options)


def test_position_angles_run_from_north_to_east():
    assert bearing((10.0, 20.0), (10.0, 21.0)) == pytest.approx(0.0, abs=1e-12)
    assert bearing((10.0, 20.0), (10.001, 20.0)) == pytest.approx(0.5 * math.pi, abs=1e-5)
    assert bearing((350.0, 80.0), (10.0, 80.0)) == pytest.approx(math.radians(90.0 - 9.85), abs=1e-3)
    assert separation((10.0, 20.0), (10.0, 21.0)) == pytest.approx(math.radians(1.0))


def test_box_sides_follow_its_angle():
    up = math.radians(0.3), 0.0
    source = np.zeros((1, 2))
    aside = np.rad2deg(np.arcsin(np.sin(np.deg2rad(0.2)) * np.cos(up[0])))
    np.testing.assert_allclose(np.rad2deg(boxed().region.inside(source, up))[0], [aside, aside, 0.4, -0.2])
    # Turned by 90° from north to east its height runs along right ascension: north is now on the left of its width.
    aside = np.rad2deg(np.arcsin(np.sin(np.deg2rad(0.1)) * np.cos(up[0])))
    np.testing.assert_allclose(np.rad2deg(boxed(angle=90.0).region.inside(source, up))[0], [-0.1, 0.5, aside, aside])


def test_boxes_that_tile_a_region_see_what_the_whole_sees():
    tables = {
        "whole": boxed(width=0.4, height=0.2),
        "north": boxed(centre=(10.0, 20.35), width=0.4, height=0.1),
        "south": boxed(centre=(10.0, 20.25), width=0.4, height=0.1),
        "turned": boxed(width=0.2, height=0.4, angle=90.0),
    }
    seen = problem(tables).predict().tables
    np.testing.assert_allclose(seen["north"] + seen["south"], seen["whole"], rtol=1e-5)
    np.testing.assert_allclose(seen["turned"], seen["whole"], rtol=1e-6)
    assert np.all(np.asarray(seen["south"]) > np.asarray(seen["north"]))


@pytest.mark.slow
def test_a_free_source_moves_through_constant_matrices():
    table = centred(layout(6), (10.0, 20.0))
    priors = {NORTH: dist.Uniform(-0.3, 0.3), EAST: dist.Uniform(-0.2, 0.2), CHI: dist.Uniform(-3.0, 0.0)}
    free = problem({"profile": table}, priors)
    for north, east in ((0.0, 0.0), (0.21, -0.1), (-0.3, 0.2)):
        moved = bind(halo("burst"), {NORTH: north, EAST: east})
        fixed = fitting.Problem(moved, {"profile": table}, {CHI: dist.Uniform(-3.0, 0.0)}, free.options)
        expected = fixed.predict().tables["profile"]
        got = free.predict({NORTH: north, EAST: east}).tables["profile"]
        np.testing.assert_allclose(got, expected, rtol=2e-4, atol=2e-5 * float(jnp.max(expected)))
    slopes = jax.grad(lambda values: jnp.sum(free.posterior.predict(values).tables["profile"][0, :2]))(
        {**free.start(), NORTH: jnp.asarray(0.1), EAST: jnp.asarray(-0.15)}
    )
    assert float(slopes[NORTH]) < 0.0 < float(slopes[EAST])


def test_what_cannot_be_done_with_a_free_source_is_said():
    with pytest.raises(ValueError, match="a box needs a fixed source"):
        problem({"box": boxed()}, {NORTH: dist.Uniform(-0.3, 0.3)})
    with pytest.raises(ValueError, match="has no end"):
        problem({"profile": layout(4)}, {NORTH: dist.Normal(0.0, 0.1)})
