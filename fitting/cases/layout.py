"""Tables without values yet: where a simulation looks, as a case file lays it out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import astropy.units as u
import numpy as np

from fitting.cases.parts import CaseError
from fitting.problem.priors import suggest
from fitting.tables.table import Table
from jaxcrc.units import to_float

KEYS = ("kind", "unit", "r_edges", "e_edges", "e_ref", "psf", "centre", "region", "error", "distance")


def blank_table(name: str, spec: Mapping[str, Any], place: str) -> Table:
    """A table of ones with relative errors, to be filled by `jaxcrc simulate`.

    Arguments: spec — kind, unit, r_edges (list with unit strings or [deg]), e_edges or e_ref [GeV or with unit],
    psf (Gaussian σ), centre or region, error (relative, 0.1 by default); place — the key, for messages.
    Errors: CaseError.
    """
    for key in spec:
        if key not in KEYS:
            raise CaseError(f"{place}.{key}", f"unknown key '{key}': {suggest(key, KEYS)}")
    for key in ("kind", "unit"):
        if key not in spec:
            raise CaseError(place, f"'{key}' is missing")
    radii = _edges(spec, "r_edges", "deg", place)
    energies, reference = _edges(spec, "e_edges", "GeV", place), _edges(spec, "e_ref", "GeV", place)
    if (energies is None) == (reference is None):
        raise CaseError(place, "give either e_edges (bands) or e_ref (differential)")
    photons = len(reference) if energies is None else len(energies) - 1
    shape = (photons, 1 if radii is None else len(radii) - 1)
    error = np.full(shape, float(spec.get("error", 0.1)))
    psf = spec.get("psf")
    try:
        return Table(
            name=name,
            kind=str(spec["kind"]),
            unit=u.Unit(spec["unit"]),
            value=np.ones(shape),
            error_lo=error,
            error_hi=error.copy(),
            is_ul=np.zeros(shape, bool),
            used=np.ones(shape, bool),
            e_min=None if energies is None else energies[:-1],
            e_max=None if energies is None else energies[1:],
            e_ref=reference,
            r_min=None if radii is None else radii[:-1],
            r_max=None if radii is None else radii[1:],
            psf=None if psf is None else (("gaussian", to_float(psf, "deg")),) * photons,
            centre=None if radii is None else tuple(spec.get("centre", (0.0, 0.0))),
            region=None if radii is not None else dict(spec.get("region", {"shape": "total"})),
            distance=None,
            simulated=True,
            reference="SIMULATED",
        )
    except ValueError as problem:
        raise CaseError(place, str(problem)) from None


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
