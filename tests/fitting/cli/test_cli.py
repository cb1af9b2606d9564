"""The command line as a person uses it, in this process; `fit` runs the short way."""

import numpy as np
import pytest
import xarray as xr
from astropy.table import Table

from fitting.cases.files import locate_case
from fitting.cli import main as cli


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A MAP fit of the demo, written to a folder."""
    folder = tmp_path_factory.mktemp("fit") / "run"
    keep, cli._prepare = cli._prepare, lambda: None
    try:
        assert cli.main(["fit", "demo", "--method", "map", "--out", str(folder)]) == 0
    finally:
        cli._prepare = keep
    return folder


def test_fit_writes_a_run_and_its_report(fitted):
    assert {"case.toml", "profile.ecsv", "run.nc", "summary.ecsv", "report.html", "corner.png"} <= {
        p.name for p in fitted.iterdir()
    }
    summary = Table.read(fitted / "summary.ecsv")
    assert {
        "parameter",
        "unit",
        "mean",
        "sd",
        "q2.5",
        "q16",
        "q50",
        "q84",
        "q97.5",
        "r_hat",
        "ess_bulk",
        "ess_tail",
        "shrinkage",
    } <= set(summary.colnames)
    assert any("kappa(10 TeV)" in name for name in summary["parameter"])
    assert not list(fitted.glob(".*part*"))
    with xr.open_datatree(fitted / "run.nc", engine="h5netcdf") as tree:
        assert {"posterior", "prior", "sample_stats", "observed_data"} <= set(tree.children)


def test_fit_does_not_write_over_a_run(fitted, run):
    code, _, error = run("fit", "demo", "--method", "map", "--out", fitted)
    assert code == 2
    assert "already: give another --out" in error


def test_report_and_compare_read_a_run(fitted, run):
    code, out, _ = run("report", fitted)
    assert code == 0
    assert "SIMULATED" in out
    code, out, _ = run("compare", fitted, fitted)
    assert code == 0
    assert "+0.00" in out
    assert out.count("a Gaussian around the MAP, no posterior") == 2


def test_the_density_is_measured_at_gaussian_draws(fitted):
    from fitting import Run

    about = Run.load(fitted).about
    assert about["drop_expected"] == pytest.approx(1.68, abs=0.25)  # half the median of χ² of 4
    assert about["drop"] == pytest.approx(about["drop_expected"], rel=0.3)  # the demo's posterior is nearly Gaussian
    assert not (fitted / "ranks.png").exists()


def test_comparing_in_a_narrow_terminal_cuts_nothing(fitted, run, monkeypatch):
    from rich.console import Console

    from fitting.cli import terminal

    monkeypatch.setattr(terminal, "console", Console(width=40))
    code, out, _ = run("compare", fitted, fitted)
    assert code == 0
    assert max(len(line) for line in out.splitlines() if "Gaussian" not in line) <= 40
    assert "…" not in out
    assert "+0.00" in out


def test_simulate_makes_a_case_that_carries_its_truth(run, tmp_path):
    code, *_ = run(
        "simulate", "demo/layout", "--set", "components.halo.medium.delta=0.55", "--seed", 3, "--out", tmp_path / "mock"
    )
    assert code == 0
    from fitting import load

    problem = load(tmp_path / "mock")
    assert problem.simulated
    assert problem.tables["profile"].truth["components.halo.medium.delta"] == 0.55


def test_predict_prints_each_point_and_writes_only_when_told(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("predict", "w28")
    assert code == 0
    assert "hess" in out
    assert not list(tmp_path.iterdir())


def test_validate_says_what_is_odd_about_a_case(run, tmp_path):
    text = locate_case("demo/layout").read_text(encoding="utf-8")
    assert "\ncentre = [83.6, 22.0]\n\n[gas]" in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace("\ncentre = [83.6, 22.0]\n\n[gas]", "\n[gas]"), encoding="utf-8")
    code, out, _ = run("validate", file)
    assert (code, out.count("Note: ")) == (0, 1)
    assert "Note: view.centre is not given: the source is taken to be at RA 83.6, Dec 22 deg" in out
    code, out, _ = run("validate", "demo/layout")
    assert code == 0
    assert "4 free parameters" in out
    assert "Note" not in out


def test_validate_says_what_it_read(run):
    code, out, _ = run("validate", "w28/hess_j1800_240b")
    assert code == 0
    assert "H.E.S.S." in out


def test_cases_and_templates_are_listed(run):
    code, out, _ = run("cases")
    assert code == 0
    assert "w28" in out
    assert run("case", "--template")[1].startswith("# A case for jaxcrc")


def test_scan_writes_a_dataset_with_its_peak_at_the_map(run, tmp_path):
    chi, delta = "components.halo.medium.log10_chi", "components.halo.medium.delta"
    out = tmp_path / "scan"
    code, *_ = run("scan", "demo", "--grid", f"{chi}=-2.2:-0.8:29", "--grid", f"{delta}=0.1:0.7:25", "--out", out)
    assert code == 0
    assert list(out.glob("*.png"))
    with xr.open_dataset(out / "scan.nc", engine="h5netcdf") as scan:
        density = scan["log_density"]
        assert density.shape == (29, 25)
        peak = density.where(density == density.max(), drop=True)
        assert abs(float(peak[chi][0]) - scan.attrs[f"held:{chi}"]) < 0.1
        assert np.all(np.isfinite(density))
        assert scan.attrs["conditional"].startswith("Conditional: others held at the MAP, log₁₀ W [erg] = 49.")
        assert "δ" not in scan.attrs["conditional"]


BAD = [
    (("fit", "w29"), "did you mean 'w28'"),
    (("fit", "nowhere/case.toml"), "no case file"),
    (("validate", "nowhere.ecsv"), "nowhere.ecsv"),
    (("simulate", "demo/layout", "--set", "components.halo.medium.dleta=1", "--out", "x"), "did you mean"),
    (("simulate", "demo/layout", "--set", "components.halo.medium.delta=a", "--out", "x"), "PATH=NUMBER"),
    (("scan", "demo", "--grid", "components.halo.medium.delta=0:1", "--out", "x"), "PATH=lo:hi:n"),
    (("scan", "demo", "--grid", "components.halo.medium.detla=0:1:3", "--out", "x"), "did you mean"),
    (("report", "nowhere"), "holds no run.nc"),
    (("fit", "template", "--out", "x"), "layout without data"),
    (("fit", "demo", "--draws", "0", "--out", "x"), "at least 1"),
]


@pytest.mark.parametrize(
    "command",
    [
        ("fit", "demo"),
        ("scan", "demo", "--grid", "components.halo.medium.delta=0:1:3"),
        ("simulate", "demo/layout"),
        ("predict", "demo"),
        ("cloud", "--phase", "WNM", "--radius", "10", "--energy", "1000"),
    ],
    ids=lambda c: c[0],
)
def test_a_folder_that_cannot_be_made_is_told_before_the_work(run, tmp_path, monkeypatch, command):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("fitting.problem.problem.Problem.predict", None)
    monkeypatch.setattr("fitting.inference.fit.fit", None)
    monkeypatch.setattr("fitting.report.clouds.study", None)
    code, _, error = run(*command, "--out", tmp_path / "file" / "x")
    assert code == 2
    assert "is a file: give --out a folder" in error
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("arguments", "fragment"), BAD, ids=[" ".join(a)[:40] for a, _ in BAD])
def test_bad_input_is_one_sentence_and_exit_code_2(run, tmp_path, monkeypatch, arguments, fragment):
    monkeypatch.chdir(tmp_path)
    code, _, error = run(*arguments)
    assert code == 2
    assert fragment in error
    assert "Traceback" not in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())
