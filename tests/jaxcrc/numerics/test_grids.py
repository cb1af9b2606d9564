import math

import numpy as np
import pytest

from jaxcrc.numerics.grids import Grid1D, stretched_faces


@pytest.mark.parametrize("faces", [[0.0, 1.0], [0.0, 2.0, 1.0], [[0.0, 1.0, 2.0]]])
def test_faces_that_are_no_grid_are_refused(faces):
    with pytest.raises(ValueError, match=r"faces|grid"):
        Grid1D.tube(faces)


def test_sphere_and_tube_fill_their_volume():
    faces = np.linspace(0.0, 2.0, 11)
    sphere, tube = Grid1D.sphere(faces), Grid1D.tube(faces, area=3.0)
    assert float(sphere.volumes.sum()) == pytest.approx(4.0 / 3.0 * math.pi * 8.0, rel=1e-14)
    assert float(tube.volumes.sum()) == pytest.approx(6.0, rel=1e-14)
    assert float(sphere.areas[-1]) == pytest.approx(16.0 * math.pi, rel=1e-14)
    with pytest.raises(ValueError, match="negative"):
        Grid1D.sphere([-1.0, 0.0, 1.0])


def test_stretched_faces_hit_the_edge_and_the_ends_and_are_finest_at_the_edge():
    x = stretched_faces(60, 40.0, edge=1.0, width=0.1)
    assert x.size == 61
    assert x[0] == 0.0
    assert x[-1] == 40.0
    assert 1.0 in x
    widths = np.diff(x)
    assert np.all(widths > 0.0)
    nearest = np.argmin(widths)
    assert abs(0.5 * (x[nearest] + x[nearest + 1]) - 1.0) < 2.0 * widths[nearest]


@pytest.mark.parametrize("bad", [{"n_cells": 3}, {"extent": 0.5}, {"width": 0.0}])
def test_impossible_stretching_is_refused(bad):
    with pytest.raises(ValueError, match="need"):
        stretched_faces(**{"n_cells": 20, "extent": 10.0, "width": 0.1, **bad})


def test_geometry_by_name():
    assert float(Grid1D.stretched(20, 5.0, geometry="sphere").areas[0]) == 0.0
    with pytest.raises(ValueError, match="cube"):
        Grid1D.stretched(20, 5.0, geometry="cube")
