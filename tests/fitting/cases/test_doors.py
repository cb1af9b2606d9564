"""Numbers of a case: what stands for a logarithm says its unit, and what would overflow is refused."""

import dataclasses

import pytest

from fitting.cases.files import CaseError
from fitting.cases.parts import KINDS, LOG, build
from jaxcrc._types import LARGEST, LARGEST_DEX
from tests.test_docs import ROOT

LOGARITHMS = [
    pytest.param(role, kind, f.name.removeprefix(LOG), f.metadata["unit"], id=f"{kind}-{f.name}")
    for role, kinds in KINDS.items()
    for kind, cls in kinds.items()
    for f in dataclasses.fields(cls)
    if f.name.startswith(LOG) and "unit" in f.metadata
]


@pytest.mark.parametrize(("role", "kind", "name", "unit"), LOGARITHMS)
def test_what_stands_for_a_logarithm_says_its_unit(role, kind, name, unit):
    inner = unit.removeprefix("dex").strip("()")
    with pytest.raises(CaseError, match=rf"here\.{name}: '1e300 .*' lies|here\.{name}: .*outside|here\.{name}: cannot"):
        build(role, {"kind": kind, name: f"1e300 {inner}"}, "here")
    if inner:
        with pytest.raises(CaseError, match=rf"here\.{name}: 20 says no unit: write '20 ") as told:
            build(role, {"kind": kind, name: 20}, "here")
        assert inner in str(told.value)


@pytest.mark.parametrize(
    ("role", "key", "value"),
    [
        *(("view", "offset_north", far) for far in (500.0, -91.0, "7 rad")),
        ("view", "offset_east", 500.0),
        ("place", "north", 91.0),
        ("place", "east", -91.0),
        ("place", "depth", 1e300),
        *(("view", "distance", far) for far in (0.0, -1.0, 1e308, "0 kpc", "1e300 pc", float("nan"))),
        ("cloud", "offset", 181.0),
        ("cloud", "azimuth", 1e9),
        ("gas", "density", 1e300),
    ],
)
def test_numbers_that_make_no_sense_are_refused(role, key, value):
    with pytest.raises(CaseError, match=rf"^here\.{key}: "):
        build(role, {key: value}, "here")


def test_the_reference_says_where_numbers_end():
    page = (ROOT / "docs" / "case.md").read_text(encoding="utf-8")
    assert f"numbers still end at {LARGEST:g} in their unit" in page.replace("\n", " ")
    assert f"logarithms at {LARGEST_DEX:g}" in page
