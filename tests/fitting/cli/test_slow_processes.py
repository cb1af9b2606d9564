"""What only a process of its own can show: interrupts, a disk that is full, no terminal, no home, no device."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fitting
from tests.fitting.halos import CHI, mock_halo

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


def start(folder: Path, *arguments: str, flags: tuple[str, ...] = (), blocks: int = -1, **variables: str):
    """`jaxcrc` in a process of its own, without a terminal."""
    cache = os.environ.get("JAX_COMPILATION_CACHE_DIR", str(Path.home() / ".cache" / "jaxcrc"))
    given = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_COMPILATION_CACHE_DIR": cache, **variables}

    limit = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh"] if blocks >= 0 else []
    return subprocess.Popen(
        [*limit, sys.executable, *flags, "-m", "fitting.cli.main", *arguments],
        cwd=folder,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def call(folder: Path, *arguments: str, **options) -> tuple[int, str, str]:
    process = start(folder, *arguments, **options)
    out, error = process.communicate(timeout=300)
    return process.returncode, out.decode("utf-8", "replace"), error.decode("utf-8", "replace")


@pytest.mark.parametrize("platform", ["cuda", "nonsense"])
def test_a_device_that_is_not_there(tmp_path, platform):
    code, _, error = call(tmp_path, "predict", "demo", JAX_PLATFORMS=platform)
    assert code == 2
    assert error.count("\n") == 1
    assert f"JAX_PLATFORMS='{platform}'" in error


@pytest.mark.parametrize("after", [0.5, 1.0, 2.0])
def test_an_interrupt_while_libraries_come_in(tmp_path, after):
    process = start(tmp_path, "predict", "demo")
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.decode() == "stopped; what was already written is intact\n"


def test_a_full_disk_leaves_the_old_run_and_one_sentence(tmp_path):
    assert call(tmp_path, "fit", "demo", "--method", "map", "--out", "run")[0] == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    command = ("fit", "demo", "--method", "map", "--seed", "1", "--out", "run", "--overwrite")
    small = {"JAX_ENABLE_COMPILATION_CACHE": "false", "TMPDIR": str(tmp_path)}
    code, out, error = call(tmp_path, *command, blocks=20, **small)
    assert code == 2
    assert error.count("\n") == 1
    assert "File too large" in error
    assert "68 %" in out
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()} == before


def test_without_terminal_home_letters_or_assertions(tmp_path):
    variables = {"HOME": "/proc", "XDG_CACHE_HOME": "", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    code, out, error = call(tmp_path, "predict", "demo", flags=("-O",), **variables)
    assert (code, error) == (0, "")
    assert "predicted" in out


def test_who_reads_may_stop_reading(tmp_path):
    process = start(tmp_path, "predict", "w28")
    process.stdout.close()
    error = process.stderr.read()
    process.wait()
    assert error == b""


def test_a_kill_leaves_whole_chunks_and_frees_the_folder(tmp_path):
    command = ("fit", "demo", "--warmup", "100", "--draws", "100000", "--out", "run")
    process = start(tmp_path, *command)
    until = time.monotonic() + 250.0
    while not (tmp_path / "run" / "run.nc").exists() and time.monotonic() < until:
        time.sleep(0.2)
    process.kill()
    process.communicate()
    kept = fitting.Run.load(tmp_path / "run")
    assert kept.draws[CHI].shape[1] % 100 == 0
    assert not kept.about["complete"]
    with fitting.cases.folder.held(tmp_path / "run"):
        assert not list((tmp_path / "run").glob("*.part"))


def test_draws_are_those_that_were_asked_for_whatever_the_chunk():
    problem = mock_halo("burst", 1)
    runs = {}
    for warmup, draws, chunk in ((30, 50, 100), (30, 45, 7)):
        found = fitting.fit(problem, seed=2, warmup=warmup, draws=draws, chunk=chunk)
        assert found.draws[CHI].shape == (4, draws)
        assert found.stats["diverging"].shape == (4, draws)
        runs[warmup, draws, chunk] = found.draws
    for path, values in runs[30, 50, 100].items():
        np.testing.assert_array_equal(values[:, :45], runs[30, 45, 7][path])
