"""A run is saved and read back as it was, and prints as a line."""

from __future__ import annotations

import numpy as np
import pytest

import fitting
from fitting.runs.run import Run
from fitting.runs.stored import RUN_FILE
from tests.fitting.halos import CHI


@pytest.fixture(scope="module")
def run(burst) -> Run:
    rng = np.random.default_rng(3)
    start = {path: float(value) for path, value in burst.start().items()}
    draws = {path: value + 0.01 * rng.normal(size=(4, 20)) for path, value in start.items()}
    prior = {path: value + rng.normal(size=50) for path, value in start.items()}
    stats = {"diverging": np.zeros((4, 20), bool), "num_steps": np.full((4, 20), 7)}
    errors = dict.fromkeys(start, 0.01) | {CHI: np.nan}
    about = {"method": "nuts", "sampled": True, "how": "by hand", "seed": 3, "status": {"BELOW_BOHM": 0.25}}
    return Run(burst, draws, prior, stats, start, errors, about)


def test_nothing_drawn_is_said(run):
    assert "0 x 0 draws, 0 free parameters" in repr(Run(run.problem, {}, {}, {}, run.best, {}, run.about))


def test_what_is_saved_is_what_is_loaded(run, tmp_path):
    again = Run.load(run.save(tmp_path / "run"))
    for name in ("draws", "prior", "stats"):
        kept, read = getattr(run, name), getattr(again, name)
        assert list(kept) == list(read)
        for key, values in kept.items():
            np.testing.assert_array_equal(values, read[key])
    assert again.best == run.best
    assert {p for p, e in again.best_errors.items() if np.isnan(e)} == {CHI}
    assert again.about == run.about
    assert again.sampled
    assert float(again.problem.log_density(run.best)) == pytest.approx(float(run.problem.log_density(run.best)))
    for kept, read in zip(run.summary(), again.summary(), strict=True):
        assert [str(value) for value in kept] == [str(value) for value in read]


def test_a_full_folder_is_not_written_over_and_an_empty_one_is_no_run(run, tmp_path):
    folder = run.save(tmp_path / "run")
    with pytest.raises(fitting.CaseError, match="already: give another"):
        run.save(folder)
    assert run.save(folder, overwrite=True) == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(["case.toml", "profile.ecsv", RUN_FILE])
    with pytest.raises(FileNotFoundError, match=r"holds no run\.nc"):
        Run.load(tmp_path)


def test_a_run_prints_as_a_line(run):
    assert str(run).count("\n") == 0
    assert "4 x 20 draws, 4 free parameters" in str(run)
    assert len(str(run.problem)) < 200


def test_pictures_are_methods_too(run, monkeypatch, tmp_path):
    import fitting.report.figures as figures

    asked = []
    for name in ("plot_profile", "plot_spectrum", "plot_density", "plot_corner"):
        monkeypatch.setattr(figures, name, lambda run, *a, name=name, **k: asked.append((name, run, a, k)))
        monkeypatch.setitem(vars(fitting), name, getattr(figures, name))
        getattr(run, name)("x", ax=None)
    assert [name for name, *_ in asked] == ["plot_profile", "plot_spectrum", "plot_density", "plot_corner"]
    assert all(given is run and a == ("x",) and k == {"ax": None} for _, given, a, k in asked)
