"""Where the source is on the sky is said, or told by tables that agree; it is never guessed from one of several."""

import itertools
import tomllib
from dataclasses import replace

import numpyro.distributions as dist
import pytest

import fitting
from fitting.cases.case import read, spell_case
from fitting.cases.files import locate_case
from fitting.cases.layout import blank_table
from fitting.setup.centres import check_centres, check_clouds, looked_at, seen_from
from fitting.setup.options import AssemblyError
from jaxcrc import Cloud, Scene, View

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


def beside(**place: float) -> Scene:
    return Scene({}, View(distance=1.0, clouds={"a": Cloud(log10_mass=4.0, size=0.1, depth=0.0, **place)}))


@pytest.mark.parametrize("source", [AT, (0.1, -70.0), (200.0, 89.5)])
@pytest.mark.parametrize("cloud", [AWAY, (359.9, -69.0), (20.0, 89.0), AT])
def test_a_cloud_is_where_both_ways_to_say_it_agree(source, cloud):
    """Its centre on the sky, and its offset and azimuth from the source's: each is checked against the other."""
    place, options = seen_from(source, cloud), fitting.Options(centres={"source": source, "a": cloud})
    check_clouds(beside(**place), options)
    turned = place["azimuth"] + (360.0 if place["azimuth"] < 0.0 else -360.0)
    check_clouds(beside(offset=place["offset"], azimuth=turned), options)
    wrong = [{**place, "offset": place["offset"] + 0.01}]
    wrong += [{**place, "azimuth": place["azimuth"] + 1.0}] * (place["offset"] > 0.1)
    for said in wrong:
        with pytest.raises(AssemblyError, match=r"view[.]clouds[.]a: its offset and azimuth put it .* drop offset and"):
            check_clouds(beside(**said), options)
        for centre in ({"source": source}, {"a": cloud}, {}):
            check_clouds(beside(**said), fitting.Options(centres=centre))


CENTRES = fitting.Options(centres={"source": (83.6, 22.0), "a": (84.0, 22.0)})


def giant(name: str = "giant", **place: object) -> dict:
    spec = tomllib.loads(locate_case("demo/layout").read_text(encoding="utf-8"))
    cloud = {"mass": "1e4 M_sun", "size": 0.1, "depth": 0.0, "centre": [84.0, 22.0], **place}
    spec["view"] = {"distance": 1.0, "centre": [83.6, 22.0], "clouds": {name: cloud}}
    spec["tables"] = {"profile": {"layout": {**BARE, "region": {"shape": "total"}}, "cloud": name}}
    spec["options"] = {"points_per_decade": 3, "nuclear": "none"}
    return spec


@pytest.mark.parametrize(
    ("cloud", "words"),
    [
        ({"offset": 5.0}, "its offset and azimuth put it"),
        ({"azimuth": "-90 deg"}, "drop offset and azimuth, or the centre"),
        ({"name": "source"}, "the source itself is called so: give the cloud another name"),
    ],
)
def test_a_case_of_a_cloud_that_contradicts_itself_is_refused(cloud, words):
    with pytest.raises(AssemblyError, match=words):
        read(giant(**cloud), locate_case("demo").parent)


def test_a_cloud_whose_centre_is_known_is_moved_on_the_sky_alone():
    """What is written is what can be read: its centre, and where that is seen from the source."""
    problem = read(giant(), locate_case("demo").parent)
    for key in ("offset", "azimuth"):
        path = f"view.clouds.giant.{key}"
        for ask in (problem.at, problem.predict):
            with pytest.raises(ValueError, match=f"{path} follows from view.clouds.giant.centre and view.centre"):
                ask({path: 0.2})
        with pytest.raises(ValueError, match=f"{path} has a prior but follows from"):
            problem.changed(priors={path: dist.Uniform(0.1, 0.6)})
        with pytest.raises(ValueError, match=f"{path} is tied but follows from"):
            problem.changed(options=replace(problem.options, ties={path: "view.clouds.giant.size"}))
    spelt = spell_case(problem, {"profile": "none"})["view"]["clouds"]["giant"]
    assert spelt["centre"] == [84.0, 22.0]
    check_clouds(beside(offset=spelt["offset"], azimuth=spelt["azimuth"]), CENTRES)


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
