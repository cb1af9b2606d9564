"""Checks of what the emission functions are given: names, energies and bands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import as_parameter


def check_name(what: str, name: str, known: Iterable[str], other: str = "") -> None:
    """ValueError that proposes a known name."""
    names = list(known)
    if name in names:
        return
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown {what} {name!r}; {hint}known: {', '.join(names)}{other and '; ' + other}")


def energies(name: str, value: ArrayLike, unit: str = "GeV") -> Float[Array, " value"]:
    """Positive numbers along one axis, energies unless another unit is named."""
    value = as_parameter(value)
    if value.ndim != 1 or value.size == 0:
        raise ValueError(f"{name} has the shape {value.shape}; give energies along one axis")
    if not isinstance(value, Tracer):
        host = np.asarray(value)
        bad = host[~(np.isfinite(host) & (host > 0.0))]
        if bad.size:
            what = "energies" if unit == "GeV" else "it"
            raise ValueError(f"{name} holds {bad[0]} {unit}; {what} must be positive and finite")
    return value


def grid(energy: ArrayLike) -> Float[Array, " energy"]:
    """Increasing energies, at least two."""
    energy = energies("energy", energy)
    if energy.size < 2:
        raise ValueError("energy holds one value; give a grid of at least two")
    if not isinstance(energy, Tracer):
        host = np.asarray(energy)
        bad = np.flatnonzero(np.diff(host) <= 0.0)
        if bad.size:
            raise ValueError(f"energy does not increase from {host[bad[0]]} to {host[bad[0] + 1]} GeV; sort the grid")
    return energy


def bands(photon_min: ArrayLike, photon_max: ArrayLike) -> tuple[Array, Array]:
    """Edges of photon bands."""
    low, high = energies("photon_min", photon_min), energies("photon_max", photon_max)
    if low.shape != high.shape:
        raise ValueError(f"photon_min has {low.size} values and photon_max {high.size}; give one of each per band")
    if not isinstance(low, Tracer) and not isinstance(high, Tracer):
        bad = np.flatnonzero(np.asarray(high) <= np.asarray(low))
        if bad.size:
            raise ValueError(f"a band runs from {low[bad[0]]} to {high[bad[0]]} GeV; its upper edge must be the larger")
    return low, high
