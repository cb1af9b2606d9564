"""Metadata of a table: text with units in a file's header to plain numbers in deg and kpc, and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from fitting.tables.checks import TableError, check_confidence, check_keys
from fitting.tables.gates import PSF_WIDTH
from fitting.tables.regions import REGIONS, Annuli, Box, Circle, Total
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.observe.psf import sigma_from_r68
from jaxcrc.units import to_float

TEXT_KEYS = ("name", "reference", "doi", "found_at", "licence")
KEYS = (
    *("kind", "centre", "region", "psf", "distance", "confidence", "correlation_length", "gas_radius"),
    *("notes", "simulated", "layout", "truth", *TEXT_KEYS),
)
NONE = (None, "none", "None")


def parse_meta(meta: Mapping[str, Any], kinds: tuple[str, ...]) -> dict[str, Any]:
    """Metadata of a file as the fields of a Table, each with its proper type and unit.

    `psf` is a list with one (shape, width) for all photon rows or one for each, or None.
    Errors: TableError naming the key and the remedy.
    """
    check_keys(meta, KEYS, "the metadata")
    kind = meta.get("kind")
    if kind is None:
        raise TableError(f"the metadata have no 'kind'; give one of {', '.join(kinds)}")
    if kind not in kinds:
        raise TableError(f"unknown kind '{kind}'; {suggest(kind, kinds)}")
    region = None if "region" not in meta else parse_region(meta["region"])
    if "psf" not in meta and (region is None or region.shape != "total"):
        raise TableError(
            "the metadata have no 'psf'; give its shape and width, or 'psf: none' where it does not matter"
        )
    return {
        "kind": kind,
        "centre": None if "centre" not in meta else parse_centre(meta["centre"], "centre"),
        "region": region,
        "psf": parse_psf(meta.get("psf")),
        "distance": _optional(meta, "distance", "kpc"),
        "confidence": _confidence(meta.get("confidence")),
        "correlation_length": _optional(meta, "correlation_length", "deg"),
        "gas_radius": _optional(meta, "gas_radius", "deg"),
        "notes": _notes(meta.get("notes", ())),
        "simulated": _flag(meta, "simulated"),
        "layout": _flag(meta, "layout"),
        "truth": _truth(meta.get("truth")),
        **{key: _text(meta[key], key) for key in TEXT_KEYS if key in meta},
    }


def format_meta(table: Table) -> dict[str, Any]:
    """Metadata of a Table as they are written into a file; the reverse of `parse_meta`."""
    meta: dict[str, Any] = {"kind": table.kind, "name": table.name}
    meta |= {key: True for key in ("simulated", "layout") if getattr(table, key)}
    if isinstance(table.region, Annuli):
        meta["centre"] = _format_centre(table.region.centre)
    elif isinstance(table.region, Circle | Box | Total):
        meta["region"] = _format_region(table.region)
    meta["psf"] = _format_psf(table.psf)
    for key, unit in (("distance", "kpc"), ("correlation_length", "deg"), ("gas_radius", "deg")):
        if getattr(table, key) is not None:
            meta[key] = f"{float(getattr(table, key))!r} {unit}"
    if table.confidence is not None:
        meta["confidence"] = float(table.confidence)
    meta |= {key: getattr(table, key) for key in TEXT_KEYS if getattr(table, key)}
    meta |= {"notes": list(table.notes)} if table.notes else {}
    if table.truth is not None:
        meta["truth"] = {path: float(number) for path, number in table.truth.items()}
    return meta


def parse_quantity(text: Any, unit: str, key: str) -> float:
    """A number in `unit` from text that carries its own unit."""
    number = math.nan
    if isinstance(text, str):
        try:
            number = to_float(text, unit)
        except ValueError:
            number = math.nan
    if not math.isfinite(number):
        raise TableError(f"'{key}' is {text!r}, not a quantity in {unit}; write number and unit, such as '0.2 {unit}'")
    return number


def parse_centre(data: Any, key: str) -> tuple[float, float]:
    """Right ascension and declination [deg] from {ra: ..., dec: ...}."""
    example = "'{ra: 270.11 deg, dec: -24.04 deg}'"
    if not isinstance(data, Mapping) or set(data) != {"ra", "dec"}:
        raise TableError(f"'{key}' is {data!r}; write it as {example}")
    ra, dec = (parse_quantity(data[axis], "deg", f"{key}.{axis}") for axis in ("ra", "dec"))
    if not (0.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0):
        raise TableError(f"'{key}' is at RA {ra:g}, Dec {dec:g} deg, which is off the sky; write it as {example}")
    return ra, dec


def parse_region(data: Any) -> Circle | Box | Total:
    """The region of a spectrum: shape, centre (RA, Dec) [deg] and sizes [deg]."""
    if not isinstance(data, Mapping) or "shape" not in data:
        raise TableError("'region' has no shape; give 'circle' with centre and radius, 'box', or 'total' for all flux")
    shape = data["shape"]
    if shape not in REGIONS:
        raise TableError(f"unknown region shape '{shape}'; {suggest(shape, REGIONS)}")
    sizes = region_sizes(REGIONS[shape])
    check_keys(data, ("shape", "centre", *sizes), f"a region of shape '{shape}'")
    needed = [name for name, needed in {"centre": shape != "total", **sizes}.items() if needed]
    for key in needed:
        if key not in data:
            raise TableError(f"'region' has no {key}; a {shape} needs {' and '.join(needed)}")
    given: dict[str, Any] = {
        key: (_positive if sizes[key] else parse_quantity)(data[key], "deg", f"region.{key}")
        for key in sizes
        if key in data
    }
    if "centre" in data:
        given["centre"] = parse_centre(data["centre"], "region.centre")
    return REGIONS[shape](**given)


def region_sizes(region: type[Circle] | type[Box] | type[Total]) -> dict[str, bool]:
    """Names of a region's angles [deg], and whether each has to be given (a positive size) or has a default."""
    return {f.name: f.default is dataclasses.MISSING for f in dataclasses.fields(region) if f.name != "centre"}


def parse_psf(data: Any) -> list[tuple[str, float]] | None:
    """Point-spread functions as (shape, width [deg]), one for all photon rows or one for each."""
    if data in NONE:
        return None
    entries = data if isinstance(data, list) else [data]
    return [_psf_entry(entry) for entry in entries]


def _psf_entry(entry: Any) -> tuple[str, float]:
    if not isinstance(entry, Mapping) or "shape" not in entry:
        raise TableError(f"'psf' is {entry!r}; write it as '{{shape: gaussian, sigma: 0.1 deg}}' or 'none'")
    shape = entry["shape"]
    if shape not in PSF_WIDTH:
        raise TableError(f"unknown psf shape '{shape}'; {suggest(shape, PSF_WIDTH)}")
    widths = (PSF_WIDTH[shape], "r68") if shape == "gaussian" else (PSF_WIDTH[shape],)
    check_keys(entry, ("shape", *widths), f"a psf of shape '{shape}'")
    given = [key for key in widths if key in entry]
    if len(given) != 1:
        raise TableError(f"'psf' of shape '{shape}' has {len(given)} widths; give one of {', '.join(widths)}")
    width = _positive(entry[given[0]], "deg", f"psf.{given[0]}")
    return shape, sigma_from_r68(width) if given[0] == "r68" else width


def _positive(text: Any, unit: str, key: str) -> float:
    number = parse_quantity(text, unit, key)
    if number <= 0.0:
        raise TableError(f"'{key}' is {text!r}; give a positive number")
    return number


def _optional(meta: Mapping[str, Any], key: str, unit: str) -> float | None:
    return None if meta.get(key) in NONE else _positive(meta[key], unit, key)


def _confidence(number: Any) -> float | None:
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TableError(f"'confidence' is {number!r}; give a number such as 0.95")
    check_confidence(number)
    return float(number)


def _notes(notes: Any) -> tuple[str, ...]:
    lines = [notes] if isinstance(notes, str) else notes
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise TableError(f"'notes' is {notes!r}; give a text or a list of texts")
    return tuple(lines)


def _flag(meta: Mapping[str, Any], key: str) -> bool:
    flag = meta.get(key, False)
    if not isinstance(flag, bool):
        raise TableError(f"'{key}' is {flag!r}; give true or false")
    return flag


def _truth(truth: Any) -> dict[str, float] | None:
    if truth is None:
        return None
    numbers = truth.values() if isinstance(truth, Mapping) else (None,)
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise TableError(f"'truth' is {truth!r}; give one number for each parameter path")
    return {str(path): float(number) for path, number in truth.items()}


def _text(text: Any, key: str) -> str:
    if not isinstance(text, str):
        raise TableError(f"'{key}' is {text!r}; give a text, in quotes where it looks like a number")
    return text


def _format_centre(centre: tuple[float, float]) -> dict[str, str]:
    return {axis: f"{float(angle)!r} deg" for axis, angle in zip(("ra", "dec"), centre, strict=True)}


def _format_region(region: Circle | Box | Total) -> dict[str, Any]:
    meta: dict[str, Any] = {"shape": region.shape}
    meta |= {} if region.centre is None else {"centre": _format_centre(region.centre)}
    return meta | {name: f"{float(getattr(region, name))!r} deg" for name in region_sizes(type(region))}


def _format_psf(psf: tuple[tuple[str, float], ...] | None) -> Any:
    if psf is None:
        return "none"
    entries = [{"shape": shape, PSF_WIDTH[shape]: f"{float(width)!r} deg"} for shape, width in psf]
    return entries[0] if all(entry == entries[0] for entry in entries) else entries
