"""The reference of a case: the page is that of the program, the schema takes what the program takes, and no more."""

import copy
import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fitting.cases.case import read
from fitting.cases.files import CaseError, shipped_cases
from fitting.cases.parts import KINDS, PRESETS
from fitting.cases.reference import page, schema
from fitting.cases.schema import fields_of
from fitting.cases.sections import OPTIONS, SECTIONS
from fitting.setup.emission import LEPTONIC
from fitting.setup.options import Options

ROOT = Path(__file__).resolve().parents[3]
PAGE = page()
VALIDATOR = Draft202012Validator(schema())


def case(name: str) -> dict:
    return tomllib.loads(shipped_cases()[name].read_text(encoding="utf-8"))


def refused(spec: dict) -> bool:
    return not VALIDATOR.is_valid(spec)


def test_the_page_in_docs_is_that_of_the_program():
    written = (ROOT / "docs" / "case.md").read_text(encoding="utf-8")
    assert written == PAGE, "python -m fitting.cases.reference > docs/case.md"


def test_every_kind_and_every_key_is_on_the_page():
    for role, kinds in KINDS.items():
        for kind, cls in kinds.items():
            assert len(kinds) == 1 or f'`kind = "{kind}"`' in PAGE, kind
            for f in fields_of(cls):
                assert re.search(rf"^\| `{f.name}`", PAGE, re.MULTILINE), f"{role}.{kind}.{f.name}"
        assert all(f"`{name}`" in PAGE for name in PRESETS.get(role, {}))
    assert all(f"`[{name}" in PAGE or f"`{name}`" in PAGE for name in SECTIONS)


def test_links_within_the_page_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= set(anchors)


def test_the_short_case_on_the_page_is_one():
    text = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    spec = tomllib.loads(text.replace("my_profile.ecsv", "demo/profile"))
    assert VALIDATOR.is_valid(spec)
    assert read(spec, ROOT).paths == ("components.halo.medium.log10_chi",)


def test_options_are_those_that_are_read():
    assert set(OPTIONS) <= {f.name for f in dataclasses.fields(Options)}
    assert OPTIONS["leptonic"].known == tuple(LEPTONIC)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("name", shipped_cases())
def test_the_schema_takes_every_shipped_case(name):
    assert [error.message for error in VALIDATOR.iter_errors(case(name))] == []


def change(place: str, value: object) -> dict:
    """The template with a value at a dotted place."""
    spec = copy.deepcopy(case("template"))
    part, *names = spec, *place.split(".")
    for name in names[:-1]:
        part = part.setdefault(name, {})
    part[names[-1]] = value
    return spec


WRONG = {
    "optoins": {},
    "options.hadronc": "kelner06",
    "options.hadronic": "kelner07",
    "options.points_per_decade": "many",
    "view.distanse": "1 kpc",
    "view.distance": -1.0,
    "view.clouds": {"c": {"mass": "1e5 M_sun", "size": 0.1, "offset": 0.1, "depth": 0.0, "from": 0.0}},
    "view.clouds.c": {"mass": 1e5, "log10_mass": 5.0, "size": 0.1, "offset": 0.1, "depth": 0.0},
    "components.escaped.source.release": {"kind": "burst", "energy": "1e50 erg", "age": 1e4, "log10_age": 4.0},
    "components.escaped.medium.delat": 0.3,
    "components.escaped.medium.delta": [0.3],
    "components.escaped.medium.kind": "supressed",
    "components.escaped.medium.reference": "nava17",
    "components.escaped.source.spectrum.index": 4.0,
    "components.escaped.source.release.kind": "bursts",
    "components.escaped.transport.kind": "diffusive",
    "components.escaped.transport.losses": "yes",
    "components.escaped.particle": "neutrino",
    "components.escaped.place": {"centre": [83.8, 22.3], "deep": 1.0},
    "tables.profile.scael": 1.0,
    "tables.profile.layout.kind": "brightness",
    "gas": {"density": -1.0},
    "gas.kind": "lumpy",
    "light": {"photons": {"cmb": {"energy": 1.0}}},
    "hadronic": {"models": {"kelner06": {"wieght": 1.0}}},
    "sampling": {"chain": 4},
    "report": {"energie": ["100 TeV"]},
    "report.energies": "100 TeV",
}


@pytest.mark.parametrize("place", WRONG)
def test_the_schema_refuses_what_the_program_refuses(place):
    spec = change(place, WRONG[place])
    assert refused(spec)
    with pytest.raises((CaseError, ValueError)):
        read(spec, ROOT)


@pytest.mark.parametrize(("place", "value"), [("options.leptonic", ["synchroton"]), ("sampling.chains", "four")])
def test_the_schema_refuses_what_the_program_notices_later(place, value):
    assert refused(change(place, value))


def test_the_schema_refuses_priors_that_are_none():
    path = "components.escaped.medium.delta"
    for prior in (
        {"dist": "unifrom", "low": 0, "high": 1},
        {"dist": "normal", "mean": 0},
        {"dist": "normal", "low": 0},
    ):
        spec = case("template")
        spec["priors"][path] = prior
        assert refused(spec), prior


def test_a_missing_key_is_refused_and_what_stands_for_it_is_not():
    spec = case("template")
    del spec["components"]["escaped"]["medium"]["reference"]
    assert refused(spec)
    for field in ({"cmb": {}}, {"warm": {"reference": "ml22-infrared", "energy_density": 0.5}}):
        assert not refused(change("light", {"photons": field}))
    release = {"kind": "burst", "energy": "1e50 erg", "age": "1e4 yr"}
    assert not refused(change("components.escaped.source.release", release))
    assert refused(change("components.escaped.source.release", release | {"age": 1e4}))
