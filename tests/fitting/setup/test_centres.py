"""Where the source is on the sky is said, or told by tables that agree; it is never guessed from one of several."""

import itertools
import tomllib

import pytest

import fitting
from fitting.cases.case import read
from fitting.cases.files import locate_case
from fitting.cases.layout import blank_table
from fitting.setup.centres import check_centres, looked_at
from fitting.setup.options import AssemblyError

AT, NEAR, AWAY = (83.6, 60.0), (83.6, 60.00001), (84.6, 60.0)
BARE = {"kind": "flux", "unit": "1 / (cm2 s)", "e_edges": ["1 TeV", "10 TeV"], "psf": "0.2 deg"}
SHAPES = [
    {"r_edges": [0.0, 0.3, 0.8]},
    {"region": {"shape": "circle", "radius": 0.3}},
    {"region": {"shape": "box", "width": 0.6, "height": 0.3, "angle": 30.0}},
]


def look(shape: dict, centre=None) -> fitting.Table:
    return blank_table("a", {**BARE, **shape}, "tables.a.layout", centre)


@pytest.mark.parametrize("shapes", list(itertools.product(SHAPES, SHAPES)), ids=lambda pair: "")
def test_tables_that_look_apart_need_a_centre(shapes):
    """Whatever they look through; those that agree, and those without a place, need none."""
    tables = {"on": look(shapes[0], AT), "off": look(shapes[1], AWAY)}
    with pytest.raises(
        AssemblyError, match=r"'on' and 'off' look 0[.]5 deg apart, .*give view[.]centre, .*\[83[.]6, 60\]"
    ):
        check_centres(tables, fitting.Options())
    check_centres(tables, fitting.Options(centres={"source": AWAY}))
    check_centres({"on": look(shapes[0], AT), "near": look(shapes[1], NEAR)}, fitting.Options())
    check_centres({"on": look(shapes[0], AT), "all": look({"region": {"shape": "total"}}, AWAY)}, fitting.Options())


def test_tables_of_one_cloud_are_its_own():
    """Clouds lie where they lie: tables of different bodies may look anywhere."""
    tables = {"on": look(SHAPES[0], AT), "one": look(SHAPES[1], AWAY), "two": look(SHAPES[1], (80.0, 58.0))}
    check_centres(tables, fitting.Options(clouds={"one": "a", "two": "b"}))
    both = fitting.Options(clouds={"one": "a", "two": "a"})
    with pytest.raises(AssemblyError, match=r"where the cloud is: give view[.]clouds[.]a[.]centre"):
        check_centres(tables, both)
    assert set(looked_at(tables, both)["a"]) == {"one", "two"}


def case(layout: dict, centre: list[float] | None, cloud: bool = False) -> fitting.Problem:
    spec = tomllib.loads(locate_case("demo/layout").read_text(encoding="utf-8"))
    spec["view"] = {"distance": 1.0} | ({} if centre is None else {"centre": centre})
    if cloud:
        spec["view"]["clouds"] = {
            "giant": {"mass": "1e4 M_sun", "size": 0.1, "depth": 0.0, "offset": 1.0, "centre": [84.0, 22.0]}
        }
    spec["tables"] = {"profile": {"layout": {**BARE, **layout}} | ({"cloud": "giant"} if cloud else {})}
    spec["options"] = {"points_per_decade": 3, "nuclear": "none"}
    return read(spec, locate_case("demo").parent)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_layout_without_a_centre_looks_at_what_it_is_of(shape):
    assert case(shape, [83.6, 22.0]).tables["profile"].region.centre == (83.6, 22.0)
    if "region" in shape and shape["region"]["shape"] == "circle":
        assert case(shape, None, cloud=True).tables["profile"].region.centre == (84.0, 22.0)


def test_what_a_layout_says_goes_before():
    problem = case({**SHAPES[0], "centre": [83.7, 22.0]}, [83.6, 22.0])
    assert problem.tables["profile"].region.centre == (83.7, 22.0)
    assert problem.notes == ()


def test_where_only_tables_say_where_the_source_is_that_is_told():
    problem = case({**SHAPES[0], "centre": [83.7, 22.0]}, None)
    (note,) = problem.notes
    assert note == "view.centre is not given: the source is taken to be at RA 83.7, Dec 22 deg, where 'profile' looks"
