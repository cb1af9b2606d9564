"""Tables without values yet: where a simulation looks, as a case file lays it out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fitting.cases.files import CaseError
from fitting.cases.parts import position
from fitting.cases.sections import LAYOUT_KEYS
from fitting.cases.typed import check_entries
from fitting.tables.metadata import region_sizes
from fitting.tables.regions import REGIONS, AbstractRegion, Annuli
from fitting.tables.sphere import Vector
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.units import to_float, unit_of


def blank_table(name: str, spec: Mapping[str, Any], place: str, centre: Vector | None = None) -> Table:
    """A table of ones with relative errors, to be filled by `jaxcrc simulate`.

    Arguments: spec — kind, unit, r_edges (list with unit strings or [deg]), e_edges or e_ref [GeV or with unit],
    psf (Gaussian σ), centre or region, error (relative, 0.1 by default); place — the key, for messages; centre — of
    what it looks at (RA, Dec) [deg], where the layout gives none.
    Errors: CaseError.
    """
    check_entries(place, spec, LAYOUT_KEYS)
    for key in ("kind", "unit"):
        if key not in spec:
            raise CaseError(place, f"'{key}' is missing")
    radii = _edges(spec, "r_edges", "deg", place)
    energies, region, psf = _energies(spec, place), _region(spec, radii, place, centre), spec.get("psf")
    try:
        shape = (energies.size, region.bins)
        error = np.full(shape, float(spec.get("error", 0.1)))
        return Table(
            name=name,
            kind=str(spec["kind"]),
            unit=unit_of(spec["unit"]),
            value=np.ones(shape),
            error_lo=error,
            error_hi=error.copy(),
            is_ul=np.zeros(shape, bool),
            used=np.ones(shape, bool),
            region=region,
            e_min=energies.e_min,
            e_max=energies.e_max,
            e_ref=energies.e_ref,
            psf=None if psf is None else (("gaussian", to_float(psf, "deg")),) * shape[0],
            distance=to_float(spec["distance"], "kpc") if "distance" in spec else None,
            simulated=True,
            layout=True,
            reference="SIMULATED",
        )
    except (TypeError, ValueError) as problem:
        raise CaseError(place, str(problem)) from None


class _Energies(NamedTuple):
    """The columns of photon energies [GeV], and their length."""

    size: int
    e_min: np.ndarray | None = None
    e_max: np.ndarray | None = None
    e_ref: np.ndarray | None = None


def _energies(spec: Mapping[str, Any], place: str) -> _Energies:
    """Bands between edges, or the energies that values are at."""
    edges, reference = _edges(spec, "e_edges", "GeV", place), _edges(spec, "e_ref", "GeV", place)
    if edges is not None and reference is None:
        return _Energies(edges.size - 1, edges[:-1], edges[1:])
    if reference is not None and edges is None:
        return _Energies(reference.size, e_ref=reference)
    raise CaseError(place, "give either e_edges (bands) or e_ref (differential)")


def _region(spec: Mapping[str, Any], radii: np.ndarray | None, place: str, centre: Vector | None) -> AbstractRegion:
    """Annuli between radii, or the region that is named; angles in deg or with their unit."""
    if radii is not None:
        middle = spec.get("centre", (0.0, 0.0) if centre is None else centre)
        return Annuli(position(middle, f"{place}.centre"), radii[:-1], radii[1:])
    given, place = dict(spec.get("region", {"shape": "total"})), f"{place}.region"
    shape = given.pop("shape", "")
    if not isinstance(shape, str) or shape not in REGIONS:
        raise CaseError(place, f"unknown shape '{shape}': {suggest(shape, REGIONS)}")
    sizes = region_sizes(REGIONS[shape])
    for key in given:
        if key not in ("centre", *sizes):
            raise CaseError(f"{place}.{key}", f"unknown key of a {shape}: {suggest(key, ('centre', *sizes))}")
    for key, needed in sizes.items():
        if needed and key not in given:
            raise CaseError(place, f"a {shape} needs its {key}")
    try:
        angles: dict[str, Any] = {key: to_float(given[key], "deg") for key in sizes if key in given}
        if "centre" in given:
            angles["centre"] = position(given["centre"], f"{place}.centre")
        elif sizes:  # all of the sky has no centre
            angles["centre"] = centre
        return REGIONS[shape](**angles)
    except CaseError:
        raise
    except ValueError as error:
        raise CaseError(place, str(error)) from None


def _edges(spec: Mapping[str, Any], key: str, unit: str, place: str) -> np.ndarray | None:
    if key not in spec:
        return None
    try:
        edges = np.array([to_float(edge, unit) for edge in spec[key]])
    except (TypeError, ValueError) as error:
        raise CaseError(f"{place}.{key}", str(error)) from None
    if edges.size < 1 or any(b <= a for a, b in itertools.pairwise(edges)):
        raise CaseError(f"{place}.{key}", "must be a list in increasing order")
    return edges
