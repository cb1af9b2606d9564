"""A run and its folder: what is damaged or changed is a sentence; nothing is mixed, lost or replaced unasked."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr

import fitting
from fitting.cases.case import case_files, load
from fitting.cases.folder import held
from fitting.report.write import FIGURES
from fitting.runs.run import Run
from fitting.runs.stored import ABOUT, GROUPS, PICTURES, RUN_FILE, SEAL, RunError, _misshapen
from tests.fitting.halos import CHI


def made(problem: fitting.Problem, seed: int = 3) -> Run:
    """A run as a fit would leave it, drawn by hand."""
    rng = np.random.default_rng(seed)
    start = {path: float(value) for path, value in problem.start().items()}
    draws = {path: value + 0.01 * rng.normal(size=(4, 12)) for path, value in start.items()}
    prior = {path: value + rng.normal(size=50) for path, value in start.items()}
    stats = {"diverging": np.zeros((4, 12), bool), "num_steps": np.full((4, 12), 7)}
    about = {"method": "nuts", "sampled": True, "complete": True, "seconds_map": 0.1, "seconds_draws": 0.1}
    return Run(problem, draws, prior, stats, start, dict.fromkeys(start, 0.01), about)


@pytest.fixture(scope="module")
def saved(burst, tmp_path_factory) -> Path:
    return made(burst).save(tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "run"))


def names(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edited(path: Path, change) -> None:
    """Open a run's file with h5py, change it, and put it back."""
    with h5py.File(path, "r+") as file:
        change(file)


def with_about(path: Path, **changes) -> None:
    """Another `about` and no checksum, as in a file that version 0.1 wrote."""

    def change(file):
        about = json.loads(file.attrs[ABOUT]) | changes
        file.attrs[ABOUT] = json.dumps({k: v for k, v in about.items() if v is not ...})
        del file.attrs[SEAL]

    edited(path, change)


def put(path: Path, values, group: str = "posterior") -> None:
    """Other draws under the checksum of the old ones."""

    def change(file):
        name = f"{group}/{CHI}"
        old = file[name]
        old[...] = np.broadcast_to(np.asarray(values, old.dtype), old.shape)

    edited(path, change)


def unsealed(path: Path, change) -> None:
    def both(file):
        change(file)
        del file.attrs[SEAL]

    edited(path, both)


def other_hdf5(path: Path) -> None:
    path.unlink()
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)


def other_netcdf(path: Path) -> None:
    path.write_bytes(bytes(xr.Dataset({"x": ("y", np.arange(3.0))}).to_netcdf(None, engine="h5netcdf")))


def cut(share: float):
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def flip(path: Path) -> None:
    """One bit of the draws."""
    content = bytearray(path.read_bytes())
    with h5py.File(io.BytesIO(bytes(content))) as file:
        offset = file[f"posterior/{CHI}"].id.get_offset()
    assert offset is not None
    content[offset + 3] ^= 1
    path.write_bytes(bytes(content))


DAMAGE = {
    "empty": (lambda path: path.write_bytes(b""), "no saved run"),
    "text": (lambda path: path.write_text("not a run"), "no saved run"),
    "cut at a tenth": (cut(0.1), "no saved run"),
    "cut in the middle": (cut(0.5), "no saved run"),
    "cut at the end": (cut(0.98), "no saved run"),
    "zeros": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "no saved run"),
    "other HDF5": (other_hdf5, "no saved run"),
    "other netCDF": (other_netcdf, "no saved run"),
    "no posterior": (lambda path: edited(path, lambda f: f.__delitem__("posterior")), "no saved run"),
    "no prior": (lambda path: edited(path, lambda f: f.__delitem__("prior")), "no saved run"),
    "no account": (lambda path: edited(path, lambda f: f.attrs.__delitem__(ABOUT)), "no saved run"),
    "wrong JSON": (lambda path: edited(path, lambda f: f.attrs.__setitem__(ABOUT, "{")), "no saved run"),
    "JSON of a list": (lambda path: unsealed(path, lambda f: f.attrs.__setitem__(ABOUT, "[]")), "how it was made"),
    "no method": (lambda path: with_about(path, method=...), "how it was made"),
    "no maximum": (lambda path: with_about(path, best=...), "how it was made"),
    "maximum of a list": (lambda path: with_about(path, best=[1.0]), "how it was made"),
    "maximum elsewhere": (lambda path: with_about(path, best={"x": 1.0}), "other parameters"),
    "maximum of text": (lambda path: with_about(path, best={"x": "1"}), "other parameters"),
    "other draws": (lambda path: put(path, 0.5), "changed or damaged"),
    "a flipped bit": (flip, "changed or damaged"),
    "draws that are NaN": (
        lambda path: unsealed(path, lambda f: f[f"posterior/{CHI}"].__setitem__(..., np.nan)),
        "not finite numbers",
    ),
    "fewer paths": (lambda path: unsealed(path, lambda f: f["posterior"].__delitem__(CHI)), "other parameters"),
    "another account": (
        lambda path: edited(path, lambda f: f.attrs.__setitem__(ABOUT, f.attrs[ABOUT].replace("nuts", "nuts2"))),
        "changed or damaged",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_run_is_a_sentence(folder, run, name):
    harm, fragment = DAMAGE[name]
    harm(folder / RUN_FILE)
    before = names(folder)
    for command in (("report", folder), ("compare", folder, folder)):
        code, _, error = run(*command)
        assert code == 2
        assert fragment in error
        assert error.count("\n") == 1
    assert names(folder) == before


@pytest.mark.parametrize(("group", "path"), [("posterior", "b"), ("sample_stats", "steps"), ("prior", "b")])
def test_chains_are_of_one_length(group, path):
    about = {"best": {"a": 1.0, "b": 2.0}, "best_errors": {}, "method": "nuts"}
    chains = {"a": np.ones((4, 12)), "b": np.ones((4, 12))}
    groups = dict(zip(GROUPS, (chains, dict(chains), {"steps": np.ones((4, 12))}), strict=True))
    assert _misshapen(about, groups) == ""
    groups[group] |= {path: np.ones((4, 11))}
    assert _misshapen(about, groups) == "holds chains of unequal lengths"


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


CHANGED = {
    "a prior": (lambda f: replace_in(f / "case.toml", "low = -3.0", "low = -2.9"), "case.toml is not the one"),
    "the title": (lambda f: replace_in(f / "case.toml", 'title = ""', 'title = "x"'), "case.toml is not the one"),
    "a point": (lambda f: replace_in(f / "profile.ecsv", "300.0 1000.0 0.0 0.1 ", "300.0 1000.0 0.0 0.1 9"), "profile"),
    "no case": (lambda f: (f / "case.toml").unlink(), "case.toml is missing"),
    "no table": (lambda f: (f / "profile.ecsv").unlink(), "profile.ecsv is missing"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_run_is_bound_to_its_case_and_tables(folder, run, monkeypatch, tmp_path, name):
    """Not even a table of that name in the current folder stands in."""
    shutil.copy(folder / "profile.ecsv", tmp_path)
    monkeypatch.chdir(tmp_path)
    change, fragment = CHANGED[name]
    change(folder)
    code, _, error = run("report", folder)
    assert code == 2
    assert fragment in error
    assert error.count("\n") == 1


def test_a_table_of_the_current_folder_is_not_taken_for_one_beside_the_case(folder, monkeypatch, tmp_path):
    shutil.move(folder / "profile.ecsv", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(fitting.CaseError, match="no such file"):
        load(folder)


def test_a_run_without_checksums_comes_with_a_word(folder):
    with_about(folder / RUN_FILE, files=...)
    with pytest.warns(UserWarning, match="bears no checksums"):
        again = Run.load(folder)
    assert again.draws[CHI].shape == (4, 12)


def test_a_report_knows_which_files_are_its_own():
    assert tuple(FIGURES) == PICTURES


# --- writing


@pytest.fixture
def fitted(monkeypatch, burst):
    """`fit` without the fit: a run drawn by hand, kept once on the way."""

    def stand_in(problem, method, sampler, seed, progress, settings, keep):
        found = made(problem, seed)
        if keep is not None:
            keep(found)
        return found

    monkeypatch.setattr("fitting.inference.fit._fit", stand_in)
    monkeypatch.setattr("fitting.report.write.write_report", lambda run, folder: Path(folder) / "report.html")


@pytest.fixture
def case(burst, tmp_path) -> Path:
    """A case and its table, as a person keeps them."""
    fitting.write_case(burst, tmp_path / "mine")
    path = tmp_path / "mine" / "case.toml"
    path.write_text("# my case\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    table = tmp_path / "mine" / "profile.ecsv"
    table.write_text(table.read_text(encoding="utf-8").replace("# schema", "# - {notes: mine}\n# schema"), "utf-8")
    return tmp_path / "mine"


COMMANDS = {
    "fit": ("fit", "{case}"),
    "simulate": ("simulate", "{case}"),
    "predict": ("predict", "{case}"),
    "scan": ("scan", "{case}", "--grid", f"{CHI}=-2:-1:3"),
    "cloud": ("cloud", "--phase", "wnm", "--radius", "10", "--energy", "100"),
}
WRITTEN = {
    "fit": ("case.toml", "profile.ecsv", RUN_FILE, "report.html", "summary.ecsv", "corner.png"),
    "simulate": ("case.toml", "profile.ecsv"),
    "predict": ("case.toml", "profile.ecsv"),
    "scan": ("scan.nc", "scan.png"),
    "cloud": ("half_life.ecsv", "half_life.png", "along_100GeV.png", "spectra.png"),
}


@pytest.mark.parametrize(("command", "name"), [(c, n) for c, all_ in WRITTEN.items() for n in all_])
def test_no_file_is_replaced_unasked(run, fitted, case, tmp_path, monkeypatch, command, name):
    monkeypatch.setattr("fitting.report.clouds.study", None)
    monkeypatch.setattr("fitting.inference.scan.scan", None)
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    code, _, error = run(*(word.format(case=case) for word in COMMANDS[command]), "--out", out)
    assert code == 2
    assert f"holds {name} already" in error
    assert names(out) == {name: b"mine"}


@pytest.mark.parametrize("command", ["fit", "simulate", "predict"])
def test_what_a_case_is_read_from_is_never_replaced(run, fitted, case, command):
    before = names(case)
    code, _, error = run(command, case, "--out", case, "--overwrite")
    assert code == 2
    assert "is what the case is read from" in error
    assert names(case) == before


def test_a_fit_may_lie_beside_the_case_that_it_would_write_alike(run, fitted, burst, tmp_path):
    fitting.write_case(burst, tmp_path / "mine")
    before = names(tmp_path / "mine")
    assert run("fit", tmp_path / "mine", "--out", tmp_path / "mine")[0] == 0
    assert names(tmp_path / "mine").items() > before.items()


def test_another_run_takes_the_report_of_the_old_one_with_it(run, fitted, case, tmp_path):
    out = tmp_path / "out"
    assert run("fit", case, "--out", out)[0] == 0
    for name in ("report.html", "corner.png", "notes.txt"):
        (out / name).write_text("of the first")
    assert run("fit", case, "--out", out, "--overwrite", "--seed", 5)[0] == 0
    assert set(names(out)) == {"case.toml", "profile.ecsv", RUN_FILE, "notes.txt"}


def full_disk(monkeypatch, after: int = 0) -> None:
    """A disk that takes so many files more."""
    import fitting.cases.folder as room

    put, left = room._put, [after]

    def no_room(path, content):
        left[0] -= 1
        if left[0] < 0:
            path.write_bytes(content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        put(path, content)

    monkeypatch.setattr(room, "_put", no_room)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_full_disk_leaves_all_as_it_was(folder, burst, monkeypatch, after):
    before = names(folder)
    other = fitting.Problem(burst.scene, burst.tables, burst.priors, burst.options, "another title")
    full_disk(monkeypatch, after % 2)
    with pytest.raises(OSError, match="No space"):
        made(other, 9).save(folder, overwrite=True)
    assert names(folder) == before
    monkeypatch.undo()
    assert Run.load(folder).problem.title == ""


def test_a_full_disk_at_the_end_of_a_fit_keeps_the_draws(run, fitted, case, tmp_path, monkeypatch):
    full_disk(monkeypatch)
    code, out, error = run("fit", case, "--out", tmp_path / "out")
    assert code == 2
    assert "68 %" in out
    told = error.splitlines()
    assert ["No space left" in line for line in told] == [True, True]  # once on the way, once at the end
    assert "make room" in told[-1]
    assert not (tmp_path / "out").exists()
    problem = load(case)
    with pytest.raises(fitting.inference.fit.UnsavedError) as caught:
        fitting.fit(problem, folder=tmp_path / "out")
    assert caught.value.run.draws[CHI].shape == (4, 12)


def test_draws_that_found_no_room_are_put_where_there_is_some(run, fitted, case, tmp_path, monkeypatch):
    full_disk(monkeypatch)
    elsewhere, save = tmp_path / "elsewhere", Run.save
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def lenient(self, folder, *arguments, **options):
        if Path(folder).parent == elsewhere:
            monkeypatch.setattr("fitting.cases.folder._put", lambda path, content: path.write_bytes(content))
        return save(self, folder, *arguments, **options)

    monkeypatch.setattr(Run, "save", lenient)
    code, _, error = run("fit", case, "--out", tmp_path / "out")
    assert code == 2
    assert f"saved in {elsewhere}" in error
    assert Run.load(next(elsewhere.iterdir())).draws[CHI].shape == (4, 12)


def test_what_no_case_can_say_is_refused_before_the_first_draw(burst, monkeypatch, tmp_path):
    monkeypatch.setattr("fitting.inference.fit._fit", None)
    problem = fitting.Problem(burst.scene, burst.tables, {**burst.priors, CHI: dist.Gumbel(-1.0, 0.1)}, burst.options)
    with pytest.raises(ValueError, match="no name for Gumbel"):
        fitting.fit(problem, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_writes_at_a_time_and_the_dead_do_not_hold(tmp_path, run, fitted, case):
    out = tmp_path / "out"
    script = (
        "import sys; from pathlib import Path; from fitting.cases.folder import held\n"
        f"with held(Path({str(out)!r})): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        code, _, error = run("fit", case, "--out", out, "--overwrite")
        assert code == 2
        assert "another jaxcrc writes into" in error
    finally:
        other.kill()
        other.communicate()
    (out / ".profile.ecsv.1.part").write_text("of the dead")
    assert run("fit", case, "--out", out)[0] == 0
    assert set(names(out)) == {"case.toml", "profile.ecsv", RUN_FILE}


def test_a_folder_is_held_again_within_and_gone_where_nothing_came(tmp_path):
    with held(tmp_path / "a" / "b") as outer, held(tmp_path / "a" / "b") as inner:
        assert outer == inner
        assert outer.is_dir()
    assert not (tmp_path / "a").exists()


def test_a_kill_between_two_files_is_told(burst, folder, monkeypatch):
    """Old draws beside a new case are never taken for a run."""
    other = fitting.Problem(burst.scene, burst.tables, burst.priors, burst.options, "another title")
    replace, moved = os.replace, []

    def killed(source, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(replace(source, target))

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        made(other, 9).save(folder, overwrite=True)
    with pytest.raises(RunError, match="is not the one"):
        Run.load(folder)


# --- text that would steer


STEERING = "\x1b[2J\x1b]0;owned\x07[/x] [draft] [bold]loud <script>alert(1)</script> \u202egnp.exe"


def test_titles_and_texts_are_shown_as_they_stand(run, burst, tmp_path):
    from fitting.report import html

    steered = fitting.Problem(
        burst.scene, burst.tables, burst.priors, burst.options, STEERING, STEERING, {"draws": 1000}
    )
    made(steered).save(tmp_path / "run")
    assert b"\x1b" not in case_files(steered)["case.toml"]
    code, out, error = run("compare", tmp_path / "run", tmp_path / "run")
    assert (code, error) == (0, "")
    from fitting.cli.terminal import show

    show(Run.load(tmp_path / "run"))
    page = html.page(STEERING, [html.heading(STEERING), html.grid(("a",), [(STEERING,)]), html.code(STEERING)])
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for text in (out, page):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_a_folder_with_markup_in_its_name_is_printed_as_it_is(run, folder, tmp_path):
    odd = folder.rename(tmp_path / "[bold]x")
    code, out, _ = run("compare", odd, odd)
    assert code == 0
    assert "[bold]x" in "".join(out.split())


def test_what_a_terminal_shows_of_markup(capsys):
    from fitting.cli.terminal import say, show_grid

    say(STEERING)
    show_grid(("[/x]", STEERING), [("[draft]", STEERING)], STEERING)
    out = capsys.readouterr().out
    assert out.count("[draft]") >= 2
    assert "[/x]" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
