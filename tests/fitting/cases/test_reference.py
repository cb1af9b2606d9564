"""The reference of a case file is what the program reads: the page in docs, and the schema for editors."""

import copy
import tomllib
from pathlib import Path

import jsonschema
import pytest

from fitting.cases.files import shipped_cases
from fitting.cases.parts import KINDS
from fitting.cases.reference import page, schema

PAGE = Path(__file__).parents[3] / "docs" / "case.md"
CHECK = jsonschema.Draft202012Validator(schema())


def case(name: str = "w28") -> dict:
    return tomllib.loads(shipped_cases()[name].read_text(encoding="utf-8"))


def test_the_page_in_docs_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m fitting.cases.reference > docs/case.md"


def test_every_kind_is_in_the_page():
    text = page()
    for role, kinds in KINDS.items():
        if len(kinds) > 1:
            for kind in kinds:
                assert f'`kind = "{kind}"`' in text, (role, kind)


def test_the_schema_takes_every_shipped_case():
    jsonschema.Draft202012Validator.check_schema(CHECK.schema)
    for name in shipped_cases():
        assert not list(CHECK.iter_errors(case(name))), name


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("view.distanc", "2 kpc"),
        ("components.escaped.transport.kind", "homogenous"),
        ("components.escaped.source.spectrum.index", 9.0),
        ("components.escaped.medium.delta", [0.3]),
        ("options.hadronik", "kafexhiu14-pythia8"),
        ("sampling.chains", "four"),
    ],
)
def test_the_schema_refuses_what_is_wrong(path, value):
    wrong = copy.deepcopy(case())
    *rooms, key = path.split(".")
    part = wrong
    for room in rooms:
        part = part[room]
    part[key] = value
    assert list(CHECK.iter_errors(wrong)), path
