"""What enters the package from outside: no unit is dropped without a word, and nothing overflows."""

import dataclasses
import inspect

import astropy.units as u
import numpy as np
import pytest

import jaxcrc
from jaxcrc._types import read

PUBLIC = {name: getattr(jaxcrc, name) for name in jaxcrc.__all__}
NO_NUMBERS = ("cast", "cloud_quadrature", "describe", "get", "paths", "phase", "predict", "solve")
FUNCTIONS = [name for name, thing in PUBLIC.items() if inspect.isfunction(thing) and name not in NO_NUMBERS]
FIELDS = [
    pytest.param(f, id=f"{name}.{f.name}")
    for name, thing in PUBLIC.items()
    if dataclasses.is_dataclass(thing)
    for f in dataclasses.fields(thing)
    if {"unit", "quantity"} & f.metadata.keys()
]

WORDS = ("table unit", "m_p", "solar")  # of which astropy knows no unit


def arguments(name: str) -> list[str]:
    parameters = inspect.signature(PUBLIC[name]).parameters.values()
    return [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_a_function_without_numbers_has_none(name):
    kinds = {p.annotation for p in inspect.signature(PUBLIC[name]).parameters.values()}
    assert kinds <= {"Scene", "Setup", "Tree", "DTypeLike", "Any", "str", "int"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_quantity_is_no_plain_number(name):
    """By its place, by its name, and inside of a list or a dictionary."""
    given = dict.fromkeys(arguments(name), "")
    for odd in (3.0 * u.mol, [1.0, 2.0] * u.TeV, [3.0 * u.pc], {"path": 3.0 * u.pc}, [(2.7 * u.K, 0.3)]):
        for argument in given:
            with pytest.raises(TypeError, match=f"^{name} was given .*: give plain numbers in the unit"):
                PUBLIC[name](**given | {argument: odd})
    with pytest.raises(TypeError, match="give plain numbers"):
        PUBLIC[name](3.0 * u.mol)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_with_a_unit_refuses_another_and_takes_its_own(field):
    unit = field.metadata.get("unit", field.metadata.get("quantity"))
    convert = field.metadata["converter"]
    for odd in (3.0 * u.mol, "3 mol", True):
        with pytest.raises(ValueError):
            convert(odd)
    if field.default is not dataclasses.MISSING and not unit.startswith("dex") and unit not in WORDS:
        own = u.Unit(unit)
        for same in (field.default * own, u.Quantity(field.default * 1e3, 1e-3 * own)):
            assert np.isclose(convert(same), field.default, rtol=1e-12)


@pytest.mark.parametrize("field", [p for p in FIELDS if "unit" in p.values[0].metadata])
def test_a_parameter_ends_before_it_overflows(field):
    about = field.metadata
    least, most = about["least"], about["most"]
    assert about["low"] <= least < most <= about["high"]
    if about["unit"] != "table unit":
        assert np.isfinite([least, most]).all()
        for beyond in (1e300, -1e300):
            with pytest.raises(ValueError, match="outside the range"):
                read(beyond, about)


@pytest.mark.parametrize("shape", [jaxcrc.Gaussian, jaxcrc.TopHat])
def test_the_width_of_a_psf_is_a_plain_number(shape):
    with pytest.raises(TypeError):
        shape(0.1 * u.deg)


def test_values_of_a_list_may_each_have_a_unit():
    about = {"unit": "dex(yr)", "doc": "age", "least": -60.0, "most": 60.0}
    for ages in (["10 kyr", "2e4 yr"], [10.0, 20.0] * u.kyr, [10.0 * u.kyr, "20 kyr"], np.array(["10 kyr", "20 kyr"])):
        assert np.allclose(read(ages, about), [4.0, np.log10(2e4)])
    for odd in (["10 kyr", 20.0], ["10 kyr", "20 pc"]):
        with pytest.raises(ValueError, match="cannot read"):
            read(odd, about)
