"""Case files: what is read is what is written, and every mistake has its sentence."""

import dataclasses
import datetime
import tomllib
from collections.abc import Iterator

import pytest

import fitting
from fitting.cases.case import load, read, spell_case, write_case
from fitting.cases.files import CaseError, locate_case
from fitting.cases.moved import modern
from fitting.cases.parts import KINDS, PRESETS, build
from fitting.problem.mocks import is_blank

BASE = locate_case("demo/layout").read_text(encoding="utf-8")

BROKEN = [
    ('reference = "nava16"', 'reference = "nava17"', "nava16"),
    ("log10_chi = -1.5", "log10_chy = -1.5", "did you mean 'log10_chi'"),
    ("log10_chi = -1.5", "log10_chi = nan", "not a finite number"),
    ('kind = "burst"', 'kind = "brust"', "did you mean 'burst'"),
    ('distance = "1 kpc"', 'distance = "1 GeV"', "cannot read '1 GeV'"),
    ('distance = "1 kpc"', "distance = -1.0", "outside the range"),
    ('density = "10 cm-3"', "densty = 10.0", "did you mean 'density'"),
    ("index = 2.2", "index = 5.0", "outside the range"),
    ('hadronic = "kafexhiu14-pythia8"', 'hadronic = "kafexhiu14"', "kafexhiu14-pythia8"),
    ('hadronic = "kafexhiu14-pythia8"', 'hadronix = "x"', "did you mean 'hadronic'"),
    ('nuclear = "kafexhiu14"', 'nuclear = "heavy"', "kafexhiu14"),
    ('[components.halo.transport]\nkind = "homogeneous"', "", "'transport' is missing"),
    ("[view]", "[vieww]", "unknown key 'vieww'"),
    (
        '[priors."components.halo.medium.delta"]',
        '[priors."components.halo.medium.detla"]',
        "did you mean components.halo.medium.delta",
    ),
    ('dist = "uniform"\nlow = -3.0', 'dist = "unifrm"\nlow = -3.0', "did you mean 'uniform'"),
    ("low = 1.5\nhigh = 3.0", "low = 0.5\nhigh = 3.0", "the model holds in"),
    ("low = -3.0\nhigh = 0.0", "low = 1.0\nhigh = 0.0", "swap them"),
    ('kind = "surface_brightness"', 'kind = "brightness"', "surface_brightness"),
    ("r_edges = [0.0, 0.1", "r_edges = [0.3, 0.1", "increasing order"),
    ("[tables.profile.layout]", '[tables.profile]\nfile = "nowhere.ecsv"\n[tables.profile.layout]', "either `file`"),
    ("centre = [83.6, 22.0]\n\n[gas]", "centre = [83.6, 122.0]\n\n[gas]", "no position"),
    ("warmup = 500", "warm_up = 500", "did you mean 'warmup'"),
    ("[gas]", "[gas", "not valid TOML"),
    ('distance = "1 kpc"', 'distance = "1 kpcc"', "kpcc is not a valid unit: did you mean"),
    ('unit = "1 / (cm2 s sr)"', 'unit = "photons / (cm2 s sr)"', "photons is not a valid unit: did you mean photon"),
    ("[gas]", '[report]\nenergies = ["100 TeV/s"]\n\n[gas]', "cannot read '100 TeV/s'"),
    ("[gas]", '[report]\nenergies = "100 TeV"\n\n[gas]', "give a list"),
    ("[gas]", "[report]\nenergies = [0.0]\n\n[gas]", "is no energy; give one such as '100 TeV'"),
    ("[gas]", '[report]\nenergie = ["100 TeV"]\n\n[gas]', "did you mean 'energies'"),
]


@pytest.mark.parametrize(("old", "new", "fragment"), BROKEN, ids=[f"{i}" for i in range(len(BROKEN))])
def test_a_broken_case_is_one_sentence(tmp_path, old, new, fragment):
    assert old in BASE
    path = tmp_path / "case.toml"
    path.write_text(BASE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        load(path)
    message = str(caught.value)
    assert fragment in message
    assert str(path) in message
    assert "\n" not in message


def test_the_line_of_a_wrong_key_is_named(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(BASE.replace("log10_chi = -1.5", "log10_chy = -1.5"), encoding="utf-8")
    number = 1 + path.read_text(encoding="utf-8").splitlines().index("log10_chy = -1.5")
    with pytest.raises(CaseError, match=f"line {number}:"):
        load(path)


def test_a_period_derivative_is_read_with_its_unit_or_in_1e_15():
    timing = {"kind": "timing", "period": 0.2371}
    for given in (10.97, "1.097e-14 s / s", "1.097e-14"):
        built = build("clock", {**timing, "period_derivative": given}, "source.clock")
        assert float(built.period_derivative) == pytest.approx(10.97, rel=1e-12)
    with pytest.raises(
        CaseError, match=r"source[.]clock: period_derivative = 1[.]097e-14 counts in 1e-15.*write 10[.]97"
    ):
        build("clock", {**timing, "period_derivative": 1.097e-14}, "source.clock")


def test_numbers_of_a_prior_may_have_a_unit(tmp_path):
    """As the parameter counts them: of a logarithm, the logarithm."""
    age, path = "components.halo.source.release.log10_age", tmp_path / "case.toml"
    path.write_text(f"{BASE}\n[priors.'{age}']\ndist = 'truncated-normal'\nmean = '20 kyr'\nsd = 0.2\nlow = '1 kyr'\n")
    prior = load(path).priors[age].distribution
    assert (float(prior.base_dist.loc), float(prior.low)) == pytest.approx((4.30103, 3.0))
    for text, fragment in (
        ("dist = 'normal'\nmean = '20 pc'\nsd = 0.2", "cannot read '20 pc'"),
        ("dist = 'normal'\nmean = 4.0\nsd = '2 kyr'", "a number of decades"),
    ):
        path.write_text(f"{BASE}\n[priors.'{age}']\n{text}\n")
        with pytest.raises(CaseError, match=fragment):
            load(path)


LOGARITHMS = [
    (role, kind, f.name)
    for role, kinds in KINDS.items()
    for kind, cls in kinds.items()
    for f in dataclasses.fields(cls)
    if f.name.startswith("log10_")
]


def in_words(role: str, kind: str, name: str, number: float) -> tuple[str, str | float]:
    """What a logarithm is of, and a number of it as a case gives it."""
    (unit,) = (f.metadata["unit"] for f in dataclasses.fields(KINDS[role][kind]) if f.name == name)
    unit = unit.removeprefix("dex").strip("()")
    return name.removeprefix("log10_"), f"{number:g} {unit}" if unit else number


@pytest.mark.parametrize(("role", "kind", "name"), LOGARITHMS)
def test_a_parameter_is_given_by_one_name(role, kind, name):
    linear, number = in_words(role, kind, name, 0.5)
    for given in ({linear: number, name: -0.3}, {name: -0.3, linear: number}):
        with pytest.raises(CaseError, match=f"{linear} and {name} are one parameter, given twice: drop one of the two"):
            build(role, {"kind": kind, **given}, "here")


PUBLISHED = [
    (role, preset, name)
    for role, presets in PRESETS.items()
    for preset, (kind, numbers) in presets.items()
    for name in numbers
    if f"log10_{name.removeprefix('log10_')}" in {f.name for f in dataclasses.fields(KINDS[role][kind])}
]


@pytest.mark.parametrize(("role", "preset", "name"), PUBLISHED)
def test_what_goes_before_a_published_number_may_have_either_name(role, preset, name):
    linear, number = in_words(role, PRESETS[role][preset][0], f"log10_{name.removeprefix('log10_')}", 100.0)
    rest = {"slope": 2.5} if role == "ceiling" else {}
    for given in ({linear: number}, {f"log10_{linear}": 2.0}):
        built = build(role, {**rest, **given, "kind": preset}, "here")
        assert float(getattr(built, f"log10_{linear}")) == 2.0


def test_a_parameter_that_has_another_place_now_is_given_once():
    for spec in (
        {"light": {"hadronic_scale": 1.1}, "hadronic": {"scale": 1.2}},
        {"priors": {"light.hadronic_scale": {}, "hadronic.scale": {}}},
        {"ties": {"hadronic.scale": "a", "light.hadronic_scale": "b"}},
    ):
        with pytest.raises(CaseError, match=r"hadronic[.]scale .*drop one of the two"):
            modern(spec)
    assert modern({"light": {"hadronic_scale": 1.1}}) == {"light": {}, "hadronic": {"scale": 1.1}}


def test_an_unknown_case_names_the_nearest():
    with pytest.raises(CaseError, match="did you mean 'w28'"):
        load("w29")


@pytest.mark.parametrize("name", ["w28", "demo"])
def test_what_is_written_is_what_was_read(tmp_path, name):
    problem = load(name)
    path = write_case(problem, tmp_path / "copy")
    again = load(path)
    files = {table: f"{table}.ecsv" for table in problem.tables}
    assert spell_case(again, files) == spell_case(problem, files)
    start = problem.start()
    assert float(again.log_density(start)) == float(problem.log_density(start))
    with pytest.raises(CaseError, match="already: give another"):
        write_case(problem, tmp_path / "copy")


def test_energies_to_report_are_read_and_written_back(tmp_path):
    (tmp_path / "case.toml").write_text(BASE.replace("[gas]", '[report]\nenergies = ["100 TeV", 50]\n\n[gas]', 1))
    problem = load(tmp_path / "case.toml")
    assert problem.report == {"energies": ["100 TeV", 50]}
    assert problem.at({}).report == fitting.simulate(problem).report == problem.report
    write_case(problem, tmp_path / "again")
    assert tomllib.loads((tmp_path / "again" / "case.toml").read_text())["report"] == {"energies": ["100 TeV", 50]}


def test_every_prior_of_a_shipped_case_says_where_it_comes_from():
    for name in ("w28", "demo"):
        assert all(prior.source for prior in load(name).priors.values()), name


def test_the_template_is_a_case():
    problem = load("template")
    assert problem.start()["components.escaped.source.release.log10_energy"] == pytest.approx(49.4771, abs=1e-4)
    assert is_blank(problem.tables["profile"])


def test_all_shipped_cases_parse():
    for path in fitting.shipped_cases().values():
        assert tomllib.loads(path.read_text(encoding="utf-8"))["title"]


WRONG = [5, -1.0, "x", "", True, [], {}, [1, "x"], {"a": {"b": 1}}, datetime.date(1979, 5, 27)]
WRONG += [float("nan"), -1e308, 10**400, "1e400 pc", "nan pc", "1 apple"]


def places(node: object, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all keys and items of a parsed case."""
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


def replaced(node: object, path: tuple, value: object) -> object:
    if not path:
        return value
    new = dict(node) if isinstance(node, dict) else list(node)
    new[path[0]] = replaced(node[path[0]], path[1:], value)
    return new


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo/layout", "geminga-like/layout", "tube", "w28/dynamics"])
def test_any_value_anywhere_is_read_or_refused_in_words(monkeypatch, name):
    """What `read` makes of it before anything is assembled: a part of a scene, or a ValueError; nothing else."""
    parts = type("Parts", (fitting.Problem,), {"__init__": lambda self, *parts: None})
    monkeypatch.setattr("fitting.cases.case.Problem", parts)
    file = locate_case(name)
    spec = tomllib.loads(file.read_text(encoding="utf-8"))
    refused = 0
    for path in places(spec):
        for value in WRONG:
            try:
                read(replaced(spec, path, value), file.parent)
            except ValueError:
                refused += 1
    assert refused > 10 * len(list(places(spec)))
