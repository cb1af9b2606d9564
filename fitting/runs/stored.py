"""A run as the bytes of its netCDF file and back, bound to itself and to its case by checksums."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fitting.cases.files import CASE_FILE
from fitting.cases.folder import digest
from fitting.runs.summary import Draws

if TYPE_CHECKING:
    import xarray as xr

RUN_FILE = "run.nc"
PAGE_FILE, SUMMARY_FILE = "report.html", "summary.ecsv"
PICTURES = ("profile", "spectrum", "density", "shrinkage", "corner", "ranks")
REPORT_FILES = (PAGE_FILE, SUMMARY_FILE, *(f"{name}.png" for name in PICTURES))
"""What a report of the run consists of: another run does not leave it behind."""
GROUPS = ("posterior", "prior", "sample_stats")
ABOUT, SEAL, FILES = "about", "checksum", "files"
AGAIN = "fit again with --out and --overwrite"


class RunError(ValueError):
    """A saved run that cannot be used: which file, what is wrong with it, and the remedy."""


@dataclass(frozen=True)
class Stored:
    """What a file holds: how the run was made, and its groups {name: {path: [chain, draw]}}; sealed — whether a
    checksum of it was there."""

    about: dict[str, Any]
    groups: dict[str, Draws]
    sealed: bool


def pack(tree: xr.DataTree, files: Mapping[str, bytes]) -> bytes:
    """The content of `run.nc`, with checksums of itself and of the files that the run was fitted to.

    It is made in memory: a library that meets a full disk in the middle of a file takes the process with it.
    """
    about = json.loads(tree.attrs[ABOUT]) | {FILES: {name: digest(content) for name, content in files.items()}}
    tree.attrs[ABOUT] = json.dumps(about)
    tree.attrs[SEAL] = _seal(tree.attrs[ABOUT], _groups(tree))
    buffer = io.BytesIO()
    tree.to_netcdf(buffer, engine="h5netcdf")
    return buffer.getvalue()


def unpack(path: Path) -> Stored:
    """What a `run.nc` holds. Errors: RunError for a file that is none, is damaged, or was changed."""
    content = path.read_bytes()
    import xarray as xr  # takes a second to import, and only saved runs need it

    try:
        with xr.open_datatree(io.BytesIO(content), engine="h5netcdf") as tree:
            text, seal, groups = str(tree.attrs[ABOUT]), tree.attrs.get(SEAL), _groups(tree)
        about = json.loads(text)
    except Exception as error:  # libraries raise many kinds; each means that the file is not as it should be
        reason = str(error).split("\n")[0] or type(error).__name__
        raise RunError(f"{path} is no saved run, or a damaged one ({reason}): {AGAIN}") from None
    if seal is not None and seal != _seal(text, groups):
        raise RunError(f"{path} was changed or damaged since it was written: {AGAIN}")
    if wrong := _misshapen(about, groups):
        raise RunError(f"{path} {wrong}: {AGAIN}")
    return Stored(about, groups, seal is not None and FILES in about)


def _groups(tree: xr.DataTree) -> dict[str, Draws]:
    return {name: {str(k): np.asarray(v.values) for k, v in tree[name].data_vars.items()} for name in GROUPS}


def _seal(about: str, groups: Mapping[str, Draws]) -> str:
    found = hashlib.sha256(about.encode())
    for name, group in groups.items():
        for path, values in sorted(group.items()):
            found.update(f"{name}/{path}{values.dtype.kind}{values.shape}".encode())
            found.update(np.ascontiguousarray(values, float).tobytes())
    return found.hexdigest()


def _misshapen(about: Any, groups: Mapping[str, Draws]) -> str:
    """What is wrong with the numbers of a run; nothing where all is well."""
    tables = ("best", "best_errors")
    if not isinstance(about, dict) or not all(isinstance(about.get(key), dict) for key in tables):
        return "does not say how it was made"
    if "method" not in about or not isinstance(about.get(FILES, {}), dict):
        return "does not say how it was made"
    posterior, prior, stats = (groups[name] for name in GROUPS)
    if not posterior or not posterior.keys() == prior.keys() == about["best"].keys():
        return "names other parameters in its posterior than in its prior or at its maximum"
    if any(v.ndim != 2 or v.size == 0 for g in groups.values() for v in g.values()):
        return "holds groups that are not chains of draws"
    if len({v.shape for v in (*posterior.values(), *stats.values())}) > 1 or len({v.shape for v in prior.values()}) > 1:
        return "holds chains of unequal lengths"
    numbers = [*posterior.values(), *prior.values(), *map(np.asarray, about["best"].values())]
    if any(v.dtype.kind not in "fiu" or not np.all(np.isfinite(v)) for v in numbers):
        return "holds draws that are not finite numbers"
    return ""


def check_bound(folder: Path, stored: Stored) -> None:
    """Whether the case and the tables in a folder are those that its run was fitted to.

    Errors: RunError naming the file that is missing or was changed.
    """
    files = stored.about.get(FILES, {})
    for name in sorted({CASE_FILE, *files}, key=lambda name: name != CASE_FILE):
        path = folder / Path(name).name
        if not path.is_file():
            raise RunError(f"{path} is missing, which {RUN_FILE} was fitted with: put it back, or {AGAIN}")
        if name in files and digest(path.read_bytes()) != files[name]:
            raise RunError(f"{path} is not the one that {RUN_FILE} was fitted with: put that one back, or {AGAIN}")
