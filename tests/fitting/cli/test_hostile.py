"""No input ends in a traceback, eats the machine or costs a file: one sentence, exit code 2, and nothing changed."""

from __future__ import annotations

import resource
import time
from itertools import pairwise
from pathlib import Path

import pytest

from fitting.cases.files import locate_case
from fitting.cli import main as cli

BASE = locate_case("demo/layout").read_text(encoding="utf-8")
TABLE = locate_case("demo").parent.joinpath("profile.ecsv").read_text(encoding="utf-8")
CHI, DELTA = "components.halo.medium.log10_chi", "components.halo.medium.delta"
ESCAPE = "\x1b[2J\x1b]0;owned\x07"
SECONDS, BYTES = 20.0, 2.0e9


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in sorted(folder.rglob("*"))}


@pytest.fixture
def refused(monkeypatch, capsys, tmp_path):
    """Call the command line in a folder; it says one sentence, in time, and leaves the folder as it was."""
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> str:
        before, begun = contents(tmp_path), time.perf_counter()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        code = cli.main([str(a) for a in arguments])
        error = capsys.readouterr().err
        assert code == 2, error
        assert error.startswith("jaxcrc: ")
        assert error.endswith("\n")
        assert len(error.splitlines()) == 1, error
        assert len(error) < 800
        assert error[:-1].isprintable()
        assert "Traceback" not in error
        assert "a mistake of the program" not in error
        assert contents(tmp_path) == before
        assert time.perf_counter() - begun < SECONDS
        assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) < BYTES
        return error

    return call


def change(old: str, new: str) -> str:
    assert old in BASE, old
    return BASE.replace(old, new, 1)


def section(name: str, text: str) -> str:
    """The case with one section, and those within it, replaced."""
    blocks = ("\n" + BASE).split("\n[")
    kept = [b for b in blocks[1:] if not b.startswith((f"{name}]", f"{name}."))]
    return "\n".join([text, *(f"[{b}" for b in kept)])


CASES = {
    "empty": ("", "section [components] is missing"),
    "binary": (b"\xff\xfe\x00\x01", "no text in UTF-8"),
    "not TOML": ("[view", "not valid TOML"),
    "two of one key": ("title = 'a'\ntitle = 'b'", "not valid TOML"),
    "brackets without end": ("a = " + 5000 * "[", "not valid TOML"),
    "huge": (b"#" * 11_000_000, "no case file"),
    "huge integer": (change("log10_chi = -1.5", "log10_chi = 1" + 400 * "0"), "more than 64 bits"),
    "escapes in a key": (f'"{chr(92)}u001b[2J" = 1\n' + BASE, "unknown key"),
    "markup in a name": (BASE.replace("[components.halo", '[components."[/x]"'), "a name cannot hold '['"),
    "HTML in a name": (BASE.replace("[components.halo", '[components."<b>"'), "a name cannot hold '<'"),
    "dots in a table": (change("[tables.profile.layout]", '[tables."H.E.S.S.".layout]'), "write it as 'HESS'"),
    "slash in a table": (change("[tables.profile.layout]", '[tables."a/b".layout]'), "a name cannot hold '/'"),
    "table outside": (change("[tables.profile.layout]", '[tables."../../notes".layout]'), "a name cannot hold '.'"),
    "table as a summary": (change("[tables.profile.layout]", "[tables.summary.layout]"), "another name"),
    "empty name": (change("[tables.profile.layout]", '[tables."".layout]'), "cannot be empty"),
    "long name": (change("[tables.profile.layout]", f'[tables."{300 * "x"}".layout]'), "300 characters"),
    "dot in a cloud": (change("[gas]", '[view.clouds."a.b"]\nmass = "1 M_sun"\n[gas]'), "a name cannot hold '.'"),
    "quotes in a name": (BASE.replace("[components.halo", "[components.'a\"b'"), "a name cannot hold"),
    "equals in a name": (BASE.replace("[components.halo", '[components."a=b"'), "a name cannot hold '='"),
    "path given twice": (BASE + f"\n[priors.{CHI}]\ndist = 'uniform'\nlow = -1\nhigh = 0\n", "given twice"),
    "unquoted typo": (
        BASE + "\n[priors.components.halo.medium.chy]\ndist = 'uniform'\nlow = -1\nhigh = 0\n",
        "unknown",
    ),
    "title as a list": (change('title = "', 'title = ["x"]\nfoo = "'), "give a text"),
    "view as a number": (section("view", "view = 5"), "view: 5 has the wrong type"),
    "components as a list": (section("components", "components = [1]"), "give a table with keys"),
    "tables as a text": (section("tables", 'tables = "x"'), "give a table with keys"),
    "table as a number": (section("tables", "tables.profile = 5"), "give a table with keys"),
    "layout as a number": (section("tables", "tables.profile.layout = 5"), "give a table with keys"),
    "file as a number": (section("tables", "tables.profile.file = 5"), "give a text"),
    "file that is a folder": (section("tables", 'tables.profile.file = "."'), "is a folder"),
    "file that is missing": (section("tables", 'tables.profile.file = "no.ecsv"'), "no such file"),
    "file with a null": (section("tables", 'tables.profile.file = "a\\u0000"'), "no such file"),
    "priors as a number": (section("priors", "priors = 5"), "give a table with keys"),
    "prior as a number": (section("priors", f'priors."{CHI}" = 5'), "give a table such as"),
    "ties to a number": (BASE + f'\n[ties]\n"{CHI}" = 5\n', "the path that it follows"),
    "gas as a list": (section("gas", "gas = [1]"), "give a text or a table"),
    "hadronic as a number": (BASE.replace("[gas]", "[hadronic]\nmodels = 3\n[gas]"), "give a table with keys"),
    "source as a date": (BASE + "\n[components.b]\nsource = 1979-05-27\n", "give a table with keys"),
    "particle as a list": (
        BASE + '\n[components.halo.place]\n[components.b]\nparticle = ["p"]\nmedium = "x"\n',
        "medium",
    ),
    "clouds as a number": (change("[gas]", "[view.clouds]\na = 5\n[gas]"), "give a table with keys"),
    "points per decade": (change("[options]", "[options]\npoints_per_decade = 100000000"), "at most 200"),
    "energy without end": (change("[options]", "[options]\nenergy_max = inf"), "out of range"),
    "reach that is no number": (change("[options]", "[options]\nreach = nan"), "out of range"),
    "negative draws": (
        BASE + "\n[sampling]\n" if "[sampling]" not in BASE else change("draws = ", "draws = -"),
        "sampling",
    ),
    "draws as a text": (change("draws = 1000", 'draws = "many"'), "give a whole number"),
    "edges as a number": (change("e_edges = [", "e_edges = 5\ne_ref = ["), "give a list"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_that_is_none(refused, tmp_path, name):
    content, fragment = CASES[name]
    path = tmp_path / "case.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert fragment in refused("predict", path, "--out", tmp_path / "out")


LAUGHTER = ["# - notes:", "#   - &a0 [x, x, x, x, x, x, x, x, x, x]"]
LAUGHTER += [f"#   - &a{k + 1} [{', '.join(10 * [f'*a{k}'])}]" for k in range(9)]


def meta(lines: str) -> str:
    """The table with more lines in its metadata."""
    return TABLE.replace("# schema", f"{lines}\n# schema", 1)


TABLES = {
    "empty": ("", "not a readable ECSV table"),
    "binary": (bytes(range(256)), "not a readable ECSV table"),
    "no rows": ("\n".join(s for s in TABLE.splitlines() if not s[:1].isdigit()), "has no rows"),
    "cut in a row": (TABLE[: TABLE.rindex(" ")], "not a readable ECSV table"),
    "cut in the header": (TABLE[:200], "not a readable ECSV table"),
    "laughing": (meta("\n".join(LAUGHTER)), "refers to parts of itself"),
    "holding itself": (meta("# - notes: &a [*a, *a]"), "refers to parts of itself"),
    "a Python object": (meta("# - notes: !!python/object/apply:os.system ['true']"), "not a readable ECSV table"),
    "deep brackets": (meta("# - notes: " + 500 * "["), "not a readable ECSV table"),
    "an unknown key": (meta("# - '[/x]<b>': 1"), "[/x]<b>"),
    "a kind of escapes": (TABLE.replace("surface_brightness", '"\\e[2J"'), "unknown kind"),
    "a kind of 5": (TABLE.replace("surface_brightness", "5"), "unknown kind '5'"),
    "a kind of lists": (TABLE.replace("surface_brightness", "[[1]]"), "unknown kind"),
    "a longer tale": (meta("# - psf2: " + 100_000 * "x"), "unknown key"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_none(refused, tmp_path, name):
    content, fragment = TABLES[name]
    path = tmp_path / "table.ecsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert fragment in refused("validate", path)


def test_correlated_points_that_fill_the_memory(refused, tmp_path):
    edges = [0.001 * k for k in range(20_001)]
    lines = [line for line in TABLE.splitlines() if line.startswith("#")]
    names = next(line for line in TABLE.splitlines() if not line.startswith("#")).split()
    first = dict(zip(names, next(line for line in TABLE.splitlines() if line[:1].isdigit()).split(), strict=True))
    rows = [" ".join({**first, "r_min": f"{a:g}", "r_max": f"{b:g}"}.values()) for a, b in pairwise(edges)]
    text = "\n".join([*lines, " ".join(names), *rows]).replace(
        "# schema", "# - correlation_length: 0.1 deg\n# schema", 1
    )
    (tmp_path / "many.ecsv").write_text(text)
    assert "20000 points takes 3.2 GB" in refused("validate", tmp_path / "many.ecsv")


SCAN, SIMULATE = ("scan", "demo", "--out", "x", "--grid"), ("simulate", "demo/layout", "--out", "x")
CLOUD = ("cloud", "--phase", "wnm", "--radius", "10", "--energy", "100", "--out", "x")
ARGUMENTS = [
    ((), "COMMAND"),
    (("fitt",), "invalid choice"),
    (("fit", "demo", "--seed", "-1"), "no whole number"),
    (("fit", "demo", "--seed", "1e3"), "no whole number"),
    (("fit", "demo", "--seed", str(2**63)), "no whole number"),
    (("fit", "demo", "--seed", 5000 * "9"), "no whole number"),
    (("fit", "demo", "--chains", "-4", "--out", "x"), "no whole number"),
    (("fit", "demo", "--draws", "1000000000", "--out", "x"), "no whole number"),
    (("fit", "demo", "--draws", "10000000", "--out", "x"), "GB of memory"),
    (("fit", "demo", "--chains", "100000", "--out", "x"), "sampling.chains"),
    (("fit", "demo", "--warmup", "nan", "--out", "x"), "no whole number"),
    (("fit", "demo", "--method", ESCAPE, "--out", "x"), "unknown method"),
    (("fit", "[/x]", "--out", "x"), "no case file '[/x]'"),
    (("fit", 5000 * "x", "--out", "x"), "File name too long"),
    (("fit", "\udcff", "--out", "x"), "no case file"),
    (("fit", "demo/layout", "--out", "x"), "layout without data"),
    ((*SIMULATE, "--set", "view.distance=nan"), "not a finite number"),
    ((*SIMULATE, "--set", "view.distance=inf"), "not a finite number"),
    ((*SIMULATE, "--set", "view.distance=-1"), "outside the range"),
    ((*SIMULATE, "--set", "components.halo.source.spectrum.index=0"), "outside the range"),
    ((*SIMULATE, "--set", "view.distance"), "PATH=NUMBER"),
    ((*SIMULATE, "--set", "=1"), "PATH=NUMBER"),
    ((*SIMULATE, "--set", "view.distance=1", "--set", "view.distance=2"), "given twice"),
    ((*SIMULATE, "--errors", "-0.1"), "above 0"),
    ((*SIMULATE, "--errors", "nan"), "above 0"),
    ((*SIMULATE, "--seed", "-3"), "no whole number"),
    ((*SCAN, f"{CHI}=-3:0:1000000000"), "1e+09 points"),
    ((*SCAN, f"{CHI}=-3:0:5000", "--grid", f"{DELTA}=0:1:5000"), "5000 x 5000 = 2.5e+07 points"),
    ((*SCAN, f"{CHI}=0:-3:10"), "give the lowest first"),
    ((*SCAN, f"{CHI}=-1:-1:10"), "give the lowest first"),
    ((*SCAN, f"{CHI}=nan:0:10"), "finite ends"),
    ((*SCAN, f"{CHI}=-1:0:0"), "PATH=lo:hi:n"),
    ((*SCAN, f"{CHI}=-1:0:-5"), "PATH=lo:hi:n"),
    ((*SCAN, f"{CHI}=-1:0:10:log"), "above 0"),
    ((*SCAN, "view.distance=-1:1:10"), "outside the range"),
    ((*SCAN, f"{CHI}=-1:0:3", "--grid", f"{CHI}=-1:0:4"), "given twice"),
    (("scan", "demo/layout", "--grid", f"{CHI}=-1:0:3", "--out", "x"), "layout without data"),
    ((*CLOUD, "--growth-factor", "-1"), "above 0"),
    ((*CLOUD, "--radius", "-10"), "radius must lie between"),
    ((*CLOUD, "--radius", "nan"), "no finite number"),
    ((*CLOUD, "--energy", "-5"), "energy must lie between"),
    ((*CLOUD, "--energy", "10", "10.00000001"), "each once"),
    ((*CLOUD, "--released-energy", "0"), "above 0"),
    ((*CLOUD, "--phase", ESCAPE), "unknown phase"),
    (("case", "demo", "--schema"), "give one of"),
    (("case", "demo", "--template"), "give one of"),
    (("case", "nowhere"), "no case file"),
    (("cases", "x"), "unrecognized arguments"),
    (("report", "."), "holds no run.nc"),
    (("report", "nowhere"), "holds no run.nc"),
    (("compare", ".", "nowhere"), "holds no run.nc"),
    (("validate", "."), "no case file"),
    (("validate", "/dev/zero"), "no such file"),
    (("predict", "demo", "--out", 300 * "x"), "cannot write into"),
    (("predict", "demo", "--out", "/proc/x"), "cannot write into"),
]


@pytest.mark.parametrize(
    ("arguments", "fragment"), ARGUMENTS, ids=[f"{k} {' '.join(a)[:30]!a}" for k, (a, _) in enumerate(ARGUMENTS)]
)
def test_arguments_that_are_none(refused, arguments, fragment):
    assert fragment in refused(*arguments)
