"""Columns of an ECSV file to the grid of a table, and back: units, groups of rows, missing cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import astropy.table
import astropy.units as u
import numpy as np

from fitting.tables import checks
from fitting.tables.checks import TableError
from fitting.tables.header import check_file
from fitting.tables.kinds import KINDS, native_of
from fitting.tables.metadata import format_meta, parse_meta
from fitting.tables.regions import AbstractRegion, Annuli
from fitting.tables.sphere import Vector
from fitting.tables.table import Table


def read_ecsv(file: Path) -> Table:
    """The Table of a file. Errors: TableError, without the name of the file."""
    raw = _load(file)
    checks.check_columns(raw.colnames)
    meta = parse_meta(dict(raw.meta), tuple(KINDS))
    unit = _known_unit(raw["value"], KINDS[meta["kind"]].example)
    differential = native_of(meta["kind"], unit).per_energy
    checks.check_photon(raw.colnames, differential)
    photons, i = _group(_photons(raw, differential), len(raw))
    annuli, j = _group(_annuli(raw), len(raw))
    shape = (1 + int(i.max()), 1 + int(j.max()))
    cell = i * shape[1] + j
    checks.check_duplicates(cell)
    grid = {name: _on_grid(rows, cell, shape) for name, rows in _points(raw, unit).items()}
    fields = {"name": file.stem} | meta | photons | grid | {"unit": unit}
    fields["region"] = _region(annuli, fields.pop("centre"), meta["region"])
    fields["psf"] = _each_row(meta["psf"], shape[0])
    fields["covariance"] = _covariance(raw, fields, cell)
    checks.check_marks(meta["simulated"], meta["truth"], raw.meta.get("layout"), grid["value"][grid["used"]])
    return Table(**fields)


def _load(file: Path) -> astropy.table.Table:
    check_file(file)
    try:
        raw = astropy.table.Table.read(file, format="ascii.ecsv")
    except Exception as error:  # astropy raises many kinds; each means that the file is not as it should be
        reason = (str(error).splitlines() or [type(error).__name__])[0].split(".  ")[0].rstrip(". ")
        raise TableError(f"not a readable ECSV table ({reason}); write it as docs/tables.md shows") from None
    if len(raw) == 0:
        raise TableError("the table has no rows; add one for each measured point")
    return raw


def _row(index: int) -> str:
    return f"row {index + 1}"


def _photons(raw: astropy.table.Table, differential: bool) -> dict[str, np.ndarray]:
    """Energies [GeV], those first by which rows are to be sorted: e_ref of differential values, else the edges."""
    names = sorted(checks.PHOTON_COLUMNS, key=lambda name: differential and name != "e_ref")
    columns = {name: _numbers(raw, name, u.GeV) for name in names if name in raw.colnames}
    checks.check_photons(columns, _row)
    return columns


def _annuli(raw: astropy.table.Table) -> dict[str, np.ndarray]:
    columns = {name: _numbers(raw, name, u.deg) for name in checks.BIN_COLUMNS if name in raw.colnames}
    checks.check_annuli(columns, _row)
    return columns


def _region(annuli: dict[str, np.ndarray], centre: Vector | None, region: AbstractRegion | None) -> AbstractRegion:
    """Where the table looks: its annuli around the centre, or the region of a spectrum."""
    if not annuli:
        if centre is not None:
            raise TableError("a spectrum has a 'centre'; move it into 'region'")
        if region is None:
            raise TableError(
                "a spectrum has no 'region'; give '{shape: circle, centre: ..., radius: ...}' or '{shape: total}'"
            )
        return region
    if centre is None:
        raise TableError("a profile has no 'centre'; give it as '{ra: 270.11 deg, dec: -24.04 deg}'")
    if region is not None:
        raise TableError("a profile has a 'region'; remove it, its annuli say where it looks")
    return Annuli(centre, annuli["r_min"], annuli["r_max"])


def _points(raw: astropy.table.Table, unit: u.UnitBase) -> dict[str, np.ndarray]:
    """Values, errors and flags of the rows; errors of limits are dropped, for a limit has none."""
    value, is_ul = _numbers(raw, "value", unit), _flags(raw)
    names = ("error",) if "error" in raw.colnames else ("error_lo", "error_hi")
    errors = {name: _numbers(raw, name, unit) for name in names}
    checks.check_points(value, errors, is_ul, _row)
    low, high = (np.where(is_ul, np.nan, errors[name]) for name in (names[0], names[-1]))
    used = np.ones(len(raw), bool)
    return {"value": value, "error_lo": low, "error_hi": high, "is_ul": is_ul, "used": used}


def _known_unit(column: astropy.table.Column, examples: str) -> u.UnitBase:
    if column.unit is None:
        raise TableError(f"column '{column.name}' has no unit; give it one like {examples}")
    if isinstance(column.unit, u.UnrecognizedUnit):
        raise TableError(f"unit '{column.unit}' of column '{column.name}' is not known; use one like {examples}")
    return column.unit


def _numbers(raw: astropy.table.Table, name: str, unit: u.UnitBase) -> np.ndarray:
    """A column as floats in `unit`, empty cells as NaN."""
    given = _known_unit(raw[name], f"'{unit}'")
    if not str(given) and str(unit):
        raise TableError(f"column '{name}' has a blank unit; give it one like '{unit}'")
    if not given.is_equivalent(unit):
        raise TableError(f"unit '{given}' of column '{name}' does not convert to '{unit}'; use one that does")
    if raw[name].dtype.kind not in "fiu":
        raise TableError(f"column '{name}' does not hold numbers; give it the datatype float64")
    factor = 1.0 if given == unit else given.to(unit)  # equal units must not move the last digit
    return np.ma.filled(np.ma.asarray(raw[name]).astype(float), np.nan) * factor


def _flags(raw: astropy.table.Table) -> np.ndarray:
    if "is_ul" not in raw.colnames:
        return np.zeros(len(raw), bool)
    flags = np.ma.asarray(raw["is_ul"])
    if flags.dtype.kind not in "biu" or np.any(np.ma.getmaskarray(flags)) or np.any((flags != 0) & (flags != 1)):
        raise TableError("column 'is_ul' does not hold True or False in each row; give it the datatype bool")
    return np.asarray(flags).astype(bool)


def _group(columns: Mapping[str, np.ndarray], n_row: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The distinct combinations of some columns, sorted, and the one that each row belongs to."""
    if not columns:
        return {}, np.zeros(n_row, int)
    distinct, index = np.unique(np.column_stack(list(columns.values())), axis=0, return_inverse=True)
    return {name: distinct[:, k].copy() for k, name in enumerate(columns)}, index.reshape(-1)


def _on_grid(rows: np.ndarray, cell: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    empty = False if rows.dtype == bool else np.nan
    grid = np.full(shape[0] * shape[1], empty, dtype=rows.dtype)
    grid[cell] = rows
    return grid.reshape(shape)


def _each_row(psf: list[tuple[str, float]] | None, n_photon: int) -> tuple[tuple[str, float], ...] | None:
    if psf is None:
        return None
    if len(psf) not in (1, n_photon):
        raise TableError(
            f"'psf' has {len(psf)} entries for {n_photon} energies; give one, or one for each from low to high"
        )
    return tuple(psf * n_photon if len(psf) == 1 else psf)


def _covariance(raw: astropy.table.Table, fields: Mapping[str, Any], cell: np.ndarray) -> np.ndarray | None:
    """Covariance over the flattened grid from its column, whose numbers follow the order of the rows."""
    if "covariance" not in raw.colnames:
        return None
    if fields["correlation_length"] is not None:
        raise TableError("'correlation_length' and column 'covariance' are both given; keep one of them")
    checks.check_correlated(fields["error_lo"].size)
    error = 0.5 * (fields["error_lo"] + fields["error_hi"])
    rows = _numbers(raw, "covariance", fields["unit"] ** 2)
    if rows.shape != (cell.size, cell.size):
        remedy = "give in each row one number for every row"
        raise TableError(f"column 'covariance' has shape {rows.shape} for {cell.size} rows; {remedy}")
    grid = np.full((error.size, error.size), np.nan)
    grid[np.ix_(cell, cell)] = rows
    unmeasured = np.isnan(error.ravel())
    grid[unmeasured, :] = np.nan
    grid[:, unmeasured] = np.nan
    return grid


def to_rows(table: Table) -> astropy.table.Table:
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
