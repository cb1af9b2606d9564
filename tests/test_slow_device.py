"""`benchmarks/device.py` at tiny sizes: every section gives figures, and an older result is not lost."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {"density", "chains", "scan", "clouds", "float32"}
FIGURES = ("run_s", "per_s", "repeats", "size")


def run(folder: Path, *more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "benchmarks" / "device.py", "--quick", "--out", folder, *more]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def positive(number: float) -> bool:
    return math.isfinite(number) and number > 0.0


def test_every_section_gives_figures_and_keeps_them(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.iterdir()
    result = json.loads(path.read_text(encoding="utf-8"))
    assert set(result["sections"]) == SECTIONS
    for section in result["sections"].values():
        assert section["status"] == "done"
        assert positive(section["peak_memory_bytes"])
        for row in section["rows"]:
            assert row["status"] == "done", row
            assert all(positive(row[key]) for key in FIGURES), row
            assert row["compile_s"] >= 0.0
    (single,) = result["sections"]["float32"]["rows"]
    assert 0.0 < single["deviation"] < 1e-3
    again = run(tmp_path)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert json.loads(path.read_text(encoding="utf-8")) == result
