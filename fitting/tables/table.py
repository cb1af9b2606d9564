"""Measured tables: what was measured, with all it takes to predict it; read from and written to ECSV files.

Energies are in GeV, angles in deg, distances in kpc and values in the table's own unit, which `Table.unit_factor`
connects with predictions. The columns and metadata of a file are described in docs/tables.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.table
import astropy.units as u
import numpy as np

from fitting.tables import checks
from fitting.tables.checks import TableError
from fitting.tables.describe import describe as describe
from fitting.tables.ecsv import NATIVE_UNITS, native_unit, read_ecsv
from fitting.tables.metadata import format_meta


@dataclass(frozen=True, eq=False)
class Table:
    """What was measured, on a grid of photon energies × annuli (a spectrum has one bin).

    value and errors [unit] — NaN where not `used`; the value of a limit is the limit, and its errors are NaN;
    e_min, e_max, e_ref [GeV]; r_min, r_max [deg], None for spectra; psf — (shape, σ or radius [deg]) for each energy;
    centre — (RA, Dec) [deg] of the annuli; region of a spectrum — shape, centre, radius or width, height, angle [deg];
    distance [kpc]; confidence — probability that the limits were given for; covariance [unit²] over the flattened grid,
    NaN for all but measured points; correlation_length [deg], from which the covariance then follows; gas_radius [deg].

    Errors: TableError (a ValueError), one sentence, where the parts do not fit together.
    """

    name: str
    kind: str
    unit: u.UnitBase
    value: np.ndarray
    error_lo: np.ndarray
    error_hi: np.ndarray
    is_ul: np.ndarray
    used: np.ndarray
    e_min: np.ndarray | None = None
    e_max: np.ndarray | None = None
    e_ref: np.ndarray | None = None
    r_min: np.ndarray | None = None
    r_max: np.ndarray | None = None
    psf: tuple[tuple[str, float], ...] | None = None
    centre: tuple[float, float] | None = None
    region: dict[str, Any] | None = None
    distance: float | None = None
    confidence: float | None = None
    covariance: np.ndarray | None = None
    correlation_length: float | None = None
    gas_radius: float | None = None
    reference: str = ""
    doi: str = ""
    found_at: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    simulated: bool = False
    truth: dict[str, float] | None = None

    def __post_init__(self) -> None:
        if self.kind not in NATIVE_UNITS:
            raise TableError(f"unknown kind '{self.kind}'{checks.suggest(self.kind, NATIVE_UNITS)}")
        checks.check_pairs([*self.photon_columns(), *self.bin_columns()])
        checks.check_photon(self.photon_columns(), self.differential)
        _check_grid(self)
        _check_metadata(self)
        if self.correlation_length is not None:
            object.__setattr__(self, "covariance", _covariance(self))
        if self.covariance is not None:
            source = "covariance" if self.correlation_length is None else "covariance from 'correlation_length'"
            checks.check_covariance(self.covariance, 0.5 * (self.error_lo + self.error_hi), self.measured, source)

    @property
    def is_profile(self) -> bool:
        """Whether the table has annuli."""
        return self.r_min is not None

    @property
    def measured(self) -> np.ndarray:
        """True [photon, bin] for points with errors: neither missing nor a limit."""
        return self.used & ~self.is_ul

    @property
    def differential(self) -> bool:
        """Whether values are per photon energy, at e_ref, rather than of a band."""
        return native_unit(self.kind, self.unit)[1]

    @property
    def is_mean(self) -> bool:
        """Whether values are means over an annulus or region (a brightness, a density) rather than sums."""
        if self.kind == "excess":
            return not self.unit.is_equivalent(u.ct)
        return self.kind in ("surface_brightness", "cr_energy_density", "photon_index")

    @property
    def unit_factor(self) -> float:
        """Factor on a prediction in GeV, cm, s, sr (GeV⁻¹ cm⁻² s⁻¹ sr⁻¹, GeV cm⁻³, ...) that gives it in `unit`."""
        return float(native_unit(self.kind, self.unit)[0].to(self.unit))

    @property
    def photon(self) -> np.ndarray:
        """One energy for each photon row [GeV]: e_ref, else the geometric middle of the band, else its lower edge."""
        if self.e_ref is not None:
            return self.e_ref
        return np.sqrt(self.e_min * np.where(np.isinf(self.e_max), self.e_min, self.e_max))

    def photon_columns(self) -> dict[str, np.ndarray]:
        """The columns of energies that the table has [GeV]."""
        return {name: getattr(self, name) for name in checks.PHOTON_COLUMNS if getattr(self, name) is not None}

    def bin_columns(self) -> dict[str, np.ndarray]:
        """The columns of annulus edges [deg]; none for a spectrum."""
        return {name: getattr(self, name) for name in checks.BIN_COLUMNS if getattr(self, name) is not None}


def read_table(path: str | Path) -> Table:
    """Read a table from an ECSV file, or a shipped one by its name, such as "w28/hess_j1800_240b".

    Errors: TableError, one sentence that names the file, the column, key or row, and the remedy.
    """
    file = locate(path)
    try:
        return Table(**read_ecsv(file))
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def write_table(table: Table, path: str | Path, overwrite: bool = False) -> None:
    """Write a table as ECSV; reading it gives the same numbers, bit by bit. The file appears whole or not at all.

    Errors: TableError if the file exists and `overwrite` is False, or if its folder does not exist.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise TableError(f"{path}: exists already; choose another name, or say overwrite=True")
    if not path.parent.is_dir():
        raise TableError(f"{path}: its folder does not exist; make it first")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _rows(table).write(part, format="ascii.ecsv", overwrite=True)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def data_folder() -> Path:
    """The folder of the shipped tables: in an installed package, or `data` in a checkout."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "_data", here.parent / "data"):
        if folder.is_dir():
            return folder
    raise TableError(f"there are no shipped data in {here / '_data'} or {here.parent / 'data'}; install jaxcrc again")


def locate(path: str | Path) -> Path:
    """The file of a table: `path` itself, or the shipped table of that name, with or without `.ecsv`."""
    file = Path(path)
    if file.is_file():
        return file
    if file.is_dir():
        raise TableError(f"{path}: is a folder; name one table in it")
    folder = data_folder()
    shipped = {found.relative_to(folder).with_suffix("").as_posix(): found for found in sorted(folder.rglob("*.ecsv"))}
    name = file.as_posix().removesuffix(".ecsv")
    if name not in shipped:
        raise TableError(f"{path}: no such file, and no shipped table of this name{checks.suggest(name, shipped)}")
    return shipped[name]


def _rows(table: Table) -> astropy.table.Table:
    """The used cells as rows of an astropy table, energies first."""
    i, j = np.nonzero(table.used)
    raw = astropy.table.Table(meta=format_meta(table))
    for name, column in table.photon_columns().items():
        raw[name] = astropy.table.Column(column[i], unit=u.GeV)
    for name, column in table.bin_columns().items():
        raw[name] = astropy.table.Column(column[j], unit=u.deg)
    raw["value"] = astropy.table.Column(table.value[i, j], unit=table.unit)
    symmetric = np.array_equal(table.error_lo, table.error_hi, equal_nan=True)
    pair = (("error_lo", table.error_lo), ("error_hi", table.error_hi))
    for name, error in (("error", table.error_lo),) if symmetric else pair:
        rows = np.ma.masked_invalid(error[i, j])
        raw[name] = astropy.table.MaskedColumn(rows, unit=table.unit)
    if np.any(table.is_ul):
        raw["is_ul"] = table.is_ul[i, j]
    if table.covariance is not None and table.correlation_length is None:
        cell = np.flatnonzero(table.used.ravel())
        block = np.nan_to_num(table.covariance[np.ix_(cell, cell)], nan=0.0)
        raw["covariance"] = astropy.table.Column(block, unit=table.unit**2)
    return raw


def _covariance(table: Table) -> np.ndarray:
    if not table.is_profile:
        raise TableError("'correlation_length' is set for a spectrum, which has no annuli; give a covariance instead")
    error, middle = 0.5 * (table.error_lo + table.error_hi), 0.5 * (table.r_min + table.r_max)
    return checks.correlated_covariance(np.where(table.measured, error, np.nan), middle, table.correlation_length)


def _check_grid(table: Table) -> None:
    photons, annuli = table.photon_columns(), table.bin_columns()
    shape = (table.photon.size, table.r_min.size if table.is_profile else 1)
    names = ("value", "error_lo", "error_hi", "is_ul", "used")
    wanted = dict.fromkeys(photons, shape[:1]) | dict.fromkeys(annuli, shape[1:]) | dict.fromkeys(names, shape)
    for name, size in wanted.items():
        if getattr(table, name).shape != size:
            raise TableError(f"{name} has shape {getattr(table, name).shape}, not {size}; give photon × bin arrays")
    checks.check_photons(photons, lambda k: f"energy {k + 1}")
    checks.check_annuli(annuli, lambda k: f"annulus {k + 1}")
    cell = np.flatnonzero(table.used)
    value, low, high, is_ul = (getattr(table, name).ravel()[cell] for name in names[:-1])

    def label(k: int) -> str:
        return f"energy {cell[k] // shape[1] + 1}, bin {cell[k] % shape[1] + 1}"

    checks.check_points(value, {"error_lo": low, "error_hi": high}, is_ul, label)
    lower, upper = (table.e_min, table.e_max) if "e_min" in photons else (table.e_ref, table.e_ref)
    checks.check_apart(lower, upper, "energies", "GeV")
    if table.is_profile:
        checks.check_apart(table.r_min, table.r_max, "annuli", "deg")


def _check_metadata(table: Table) -> None:
    if table.is_profile and table.centre is None:
        raise TableError("a profile has no 'centre'; give it as '{ra: 270.11 deg, dec: -24.04 deg}'")
    if table.is_profile and table.region is not None:
        raise TableError("a profile has a 'region'; remove it, its annuli say where it looks")
    if not table.is_profile and table.region is None:
        raise TableError(
            "a spectrum has no 'region'; give '{shape: circle, centre: ..., radius: ...}' or '{shape: total}'"
        )
    if not table.is_profile and table.centre is not None:
        raise TableError("a spectrum has a 'centre'; move it into 'region'")
    if np.any(table.is_ul & table.used) and table.confidence is None:
        raise TableError("there are upper limits but no 'confidence'; give the probability they hold for, such as 0.95")
    if table.psf is not None and len(table.psf) != table.value.shape[0]:
        raise TableError(f"psf has {len(table.psf)} entries for {table.value.shape[0]} energies; give one for each")
