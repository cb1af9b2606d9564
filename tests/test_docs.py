"""What the pages of docs/ show runs as it is printed, block after block, in an empty folder."""

import os
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import fitting
import jaxcrc
from fitting.cases.layout import blank_table
from fitting.cli import main as cli

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)( slow)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def python(block: str, where: str, line: int, names: dict) -> None:
    """Run it; a traceback names the line of the page."""
    exec(compile("\n" * line + block, where, "exec"), names)


def shell(block: str, where: str, line: int, names: dict) -> None:
    """Run its `jaxcrc` lines in this process, as a shell would that knows `>`."""
    for command in block.splitlines():
        program, *words = shlex.split(command, comments=True)
        assert program == "jaxcrc", f"{where}: {command}"
        if words == ["--version"]:  # which ends a process
            continue
        *words, file = words if words[-2:-1] == [">"] else [*words, None]
        with open(file or os.devnull, "w", encoding="utf-8") as out, redirect_stdout(out):
            assert cli.main([word for word in words if word != ">"]) == 0, f"{where}: {command}"


def toml(block: str, where: str, line: int, names: dict) -> None:
    """Write it under the name that its first line gives; nothing where that names no file."""
    name = re.match(r"# (\w+\.toml)\n", block)
    if name:
        Path(name[1]).write_text(block, encoding="utf-8")


RUNNERS: dict[str, Callable[[str, str, int, dict], None]] = {"python": python, "sh": shell, "toml": toml}


def run(page: str, slow: bool = False) -> dict:
    """The names that a page's blocks leave behind; those marked slow are left out unless asked for."""
    names: dict = {"__name__": page}
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if slow or not block[2]:
            RUNNERS[block[1]](block[3], page, text[: block.start(3)].count("\n"), names)
    return names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, and a command line that leaves JAX as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    return tmp_path


@pytest.mark.slow
def test_what_the_readme_shows(folder):
    names = run("README.md", slow=True)
    for found in ("my.toml", "first-look/report.html", "my-run/report.html", "scan/scan.nc", "my-report/report.html"):
        assert (folder / found).is_file(), found
    assert "can be believed:" in fitting.verdict(fitting.Run.load(folder / "my-run"))[0]
    assert list((folder / "cloud").iterdir())
    table = re.findall(r"^\| (`[^|]*`) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    known = set(jaxcrc.paths(names["problem"].scene))
    assert {p for row in table for p in re.findall(r"`((?:gas|light|hadronic|view\.d)[\w.]*)`", row)} <= known


def check_own_data(folder: Path, names: dict) -> None:
    assert {"my_profile.ecsv", "my_spectrum.ecsv", "my.toml"} <= {path.name for path in folder.iterdir()}
    truth = {"log10_chi": -1.5, "delta": 0.4, "log10_energy": 49.5, "index": 2.2, "log10_age": 4.3}
    draws, nested = names["draws"], names["log_evidence"]
    for path, middle, width in zip(names["problem"].paths, draws.mean(axis=0), draws.std(axis=0), strict=True):
        assert abs(middle - truth[path.rsplit(".", 1)[-1]]) < 5.0 * width, path
    assert np.isfinite(nested)


@pytest.mark.slow
def test_from_own_data_to_a_posterior(folder):
    check_own_data(folder, run("docs/your_own_data.md", slow=True))
    assert (folder / "first-look" / "report.html").is_file()
    found = fitting.Run.load(folder / "my-run")
    assert "can be believed:" in fitting.verdict(found)[0]


@pytest.mark.slow
def test_a_forward_model_by_hand_is_that_of_fitting(folder):
    names = run("docs/forward_model.md")
    layout = {
        "kind": "surface_brightness",
        "unit": "1 / (GeV cm2 s sr)",
        "r_edges": np.linspace(0.0, 2.0, 11).tolist(),
        "e_ref": names["photon"].tolist(),
        "psf": "0.08 deg",
    }
    table = blank_table("profile", layout, "layout")
    problem = fitting.Problem(names["scene"], {"profile": table}, {}, fitting.Options(nuclear="none"))
    expected = problem.predict().tables["profile"]
    np.testing.assert_allclose(names["prediction"].tables["profile"], expected, rtol=1e-6)
