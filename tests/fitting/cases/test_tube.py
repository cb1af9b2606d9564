"""A cosmic-ray cloud in a case file: every key is read, nothing is lost on the way there and back."""

import tomllib
from pathlib import Path

import pytest

import fitting
from fitting.cases.case import read
from fitting.cases.files import CaseError, locate_case
from fitting.cases.parts import build, spell
from jaxcrc import CosmicRayCloud, phase
from jaxcrc.responses.points import Points
from jaxcrc.responses.tube import Ribbon


def test_the_shipped_case_names_a_cloud_and_carries_its_truth():
    problem = fitting.load("tube")
    assert isinstance(problem.scene.components["released"].transport, CosmicRayCloud)
    assert problem.simulated
    assert set(problem.tables["giant"].truth) == set(problem.paths)


def test_phases_by_name_with_numbers_of_their_own():
    spec = {
        "kind": "cloud",
        "phase": {"kind": "wnm", "field": "4 uG", "neutrals": [{"density": 0.03, "mass": 4.0, "rate": 1.1e-9}]},
        "remnant": {"density": 0.5, "ejecta_mass": 3.0},
        "growth_factor": 0.5,
        "inclination": "30 deg",
        "damping": ["ion-neutral", "nlld"],
        "advection": False,
        "release": "sudden",
    }
    cloud = build("transport", spec, "components.released.transport")
    assert float(cloud.phase.field) == 4.0
    assert float(cloud.phase.temperature) == float(phase("wnm").temperature)
    assert float(cloud.phase.neutrals[0].mass) == 4.0
    assert cloud.damping == ("ion-neutral", "nlld")
    again = build("transport", spell("transport", cloud), "components.released.transport")
    assert spell("transport", again) == spell("transport", cloud)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"phase": "ice"}, "unknown phase 'ice'"),
        ({"phase": {"kind": "wim", "fields": 3.0}}, "fields"),
        ({"phase": {"kind": "wim", "ionised": 1.5}}, "range"),
        ({"phase": {"kind": "wim", "neutrals": 3}}, "list of tables"),
        ({"damping": ["drag"]}, "unknown damping 'drag'"),
        ({"release": "slowly"}, "halflife"),
        ({"energies": 1}, "at least 4"),
        ({"advection": "yes"}, "true or false"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_bad_cases_say_what_is_wrong(change, words):
    with pytest.raises(CaseError, match=words):
        build("transport", {"kind": "cloud", "phase": "wim", **change}, "components.released.transport")


def layout(looks):
    """The shipped tube's own gas, seen where {table: layout} say, at five energies."""
    spec = tomllib.loads(locate_case("tube/layout").read_text(encoding="utf-8"))
    spec["tables"] = {name: {"layout": look} for name, look in looks.items()}
    spec["components"]["released"]["transport"] |= {"energies": 5}
    spec["view"]["centre"] = [10.0, 0.0]
    return read(spec, Path())


def rings(**extra):
    """The shipped tube's own gas, in two rings."""
    look = {"kind": "surface_brightness", "unit": "1 / (cm2 s sr)", "e_edges": ["1 TeV", "10 TeV"]}
    where = {"centre": [10.0, 0.0], "r_edges": ["0 deg", "0.5 deg", "1 deg"]}
    return layout({"rings": {**look, **where, **extra}})


def test_its_own_gas_is_seen_by_rings():
    for sharp in ({}, {"psf": "0.1 deg"}):
        (look,) = rings(**sharp).setup.response["rings"]
        assert isinstance(look, Ribbon)


def test_off_its_centre_it_is_seen_by_points():
    (look,) = rings(psf="0.1 deg", centre=[10.0, 0.2]).setup.response["rings"]
    assert isinstance(look, Points)
