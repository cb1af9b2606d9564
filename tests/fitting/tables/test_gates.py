"""Tables and their regions take units that are said, and refuse what is no size, when they are made."""

import dataclasses

import astropy.units as u
import numpy as np
import pytest

import fitting
from fitting.tables.gates import PSF_WIDTH
from fitting.tables.regions import Annuli, Box, Circle, Total
from fitting.tables.table import GATES, POWERS
from tests.fitting.halos import layout

SIZES = {Circle: ("radius",), Box: ("width", "height")}
NUMBERS = {"distance": "kpc", "correlation_length": "deg", "gas_radius": "deg"}
WRONG = (-1.0, 0.0, float("nan"), float("inf"), True, "wide", 3.0 * u.s, "3 s", [1.0, 2.0])


@pytest.fixture(scope="module")
def table() -> fitting.Table:
    return layout(3)


@pytest.mark.parametrize(("region", "name"), [(kind, name) for kind, names in SIZES.items() for name in names])
def test_sizes_of_regions(region, name):
    sizes = dict.fromkeys(SIZES[region], 0.5)
    for same in (30.0 * u.arcmin, "30 arcmin", 0.5, np.float32(0.5), np.array(0.5)):
        assert getattr(region(**sizes | {name: same}), name) == pytest.approx(0.5)
    for wrong in (*WRONG, 181.0):
        with pytest.raises(fitting.TableError, match=name):
            region(**sizes | {name: wrong})


@pytest.mark.parametrize("region", [Circle, Box, Total, Annuli])
def test_centres_of_regions(region):
    sizes = dict.fromkeys(SIZES.get(region, ()), 0.5)
    sizes |= {"r_min": np.zeros(1), "r_max": np.ones(1)} if region is Annuli else {}
    for same in ((83.6, 22.0), [83.6, 22.0], ("83.6 deg", 1320.0 * u.arcmin), [83.6, 22.0] * u.deg):
        assert region(**sizes, centre=same).centre == pytest.approx((83.6, 22.0))
    for wrong in (3.0, (1.0,), (1.0, 2.0, 3.0), (-1.0, 0.0), (0.0, 91.0), (1.0, 3.0 * u.s), "ab"):
        with pytest.raises(fitting.TableError, match="centre"):
            region(**sizes, centre=wrong)


def test_a_box_turns_by_an_angle():
    assert Box(width=2.0, height=1.0, angle=0.5 * u.rad).angle == pytest.approx(np.rad2deg(0.5))
    assert Box(width=2.0, height=1.0, angle=-30.0).angle == -30.0
    with pytest.raises(fitting.TableError, match="angle"):
        Box(width=2.0, height=1.0, angle=3.0 * u.s)


def test_edges_of_rings():
    rings = Annuli((83.6, 22.0), [0.0, 6.0] * u.arcmin, ["6 arcmin", "0.2 deg"])
    assert np.allclose([rings.r_min, rings.r_max], [[0.0, 0.1], [0.1, 0.2]])
    with pytest.raises(fitting.TableError, match="r_max"):
        Annuli((83.6, 22.0), [0.0] * u.deg, [1.0] * u.s)


@pytest.mark.parametrize(("name", "unit"), NUMBERS.items())
def test_numbers_of_a_table(table, name, unit):
    for same in (0.5, 500.0 * u.Unit(f"1e-3 {unit}"), f"0.5 {unit}"):
        assert getattr(dataclasses.replace(table, **{name: same}), name) == pytest.approx(0.5)
    for wrong in WRONG:
        with pytest.raises(fitting.TableError, match=name):
            dataclasses.replace(table, **{name: wrong})


@pytest.mark.parametrize("name", [name for name in (*GATES, *POWERS) if name not in NUMBERS])
def test_every_field_of_a_table_refuses_another_unit(table, name):
    with pytest.raises(fitting.TableError, match=name):
        dataclasses.replace(table, **{name: [[3.0] * u.mol]})


def test_columns_of_a_table_are_converted(table):
    own = table.unit
    given = {"value": 1e4 * table.value * own * u.cm**2 / u.m**2, "error_lo": table.error_lo * own}
    found = dataclasses.replace(table, **given, e_min=1e-3 * table.e_min * u.TeV, e_max=table.e_max * u.GeV)
    for name in ("value", "error_lo", "e_min", "e_max"):
        assert np.allclose(getattr(found, name), getattr(table, name), rtol=1e-12)


@pytest.mark.parametrize("shape", PSF_WIDTH)
def test_point_spread_functions(table, shape):
    found = dataclasses.replace(table, psf=((shape, 3.0 * u.arcmin), (shape, "0.05 deg"), [shape, 0.05], (shape, 0.05)))
    assert found.psf == ((shape, pytest.approx(0.05)),) * 4
    for wrong in WRONG:
        with pytest.raises(fitting.TableError, match="psf"):
            dataclasses.replace(table, psf=((shape, wrong),) * 4)
    for unknown in (("moffat", 0.1), (3, 0.1)):
        with pytest.raises(fitting.TableError, match=r"psf: unknown shape .*give one of gaussian, tophat"):
            dataclasses.replace(table, psf=(unknown,) * 4)
    for odd in ((shape, 0.1), shape, 0.1, ((shape,),) * 4):
        with pytest.raises(fitting.TableError, match=r"a shape and a width \[deg\], such as \('gaussian', 0.1\)"):
            dataclasses.replace(table, psf=odd)
