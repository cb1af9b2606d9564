"""Energies at which diffusion is quoted, as people write them."""

from __future__ import annotations

import math

from jaxcrc.units import to_float


def pivots(energies: object) -> list[float]:
    """Energies [GeV] from a list of texts such as "100 TeV" or of numbers [GeV].

    Errors: ValueError for what is no list, no energy, or not positive.
    """
    if not isinstance(energies, list | tuple):
        raise ValueError(f"{energies!r} is no list of energies; give one such as ['100 TeV']")
    found = [to_float(energy, "GeV") for energy in energies]
    if wrong := [energy for energy, value in zip(energies, found, strict=True) if not 0.0 < value < math.inf]:
        raise ValueError(f"{wrong[0]!r} is no energy; give one such as '100 TeV'")
    return found
