"""From emission at single photon energies to the rows of a table: bands, powers of energy, what is absorbed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np
from jax import Array

from fitting.setup.options import AssemblyError
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.emission.product import band_nodes
from jaxcrc.interactions.pairs import pair_opacity
from jaxcrc.interactions.photon_fields import FIELDS
from jaxcrc.medium.light import PhotonField
from jaxcrc.units import PION_MASS

WIDEST = 1.5  # decades of a band that is integrated in one piece
Spectrum = Callable[[np.ndarray], Array | np.ndarray]


def rows(table: Table, spectrum: Spectrum, end: float, escaping: Spectrum) -> np.ndarray:
    """The matrix of a table's rows, in its unit, from the matrix at any photon energies.

    Of an index, the lower ends of all bands, then the upper ones.

    Arguments: end — energy [GeV] at which open bands are cut; escaping — the share of photons that is not absorbed.
    """
    power = table.quantity.power
    if table.quantity.compared is Compared.INDEX:
        photon = np.concatenate(table.bands)
        return np.asarray(spectrum(photon)) * escaping(photon)[:, None]
    if table.differential:
        found = np.asarray(spectrum(table.photon)) * (table.photon**power * escaping(table.photon))[:, None]
        return found * table.unit_factor
    low, high, row = _pieces(*table.bands, end)
    photon, width = (np.asarray(x) for x in band_nodes(low, high, 0.5 * PION_MASS))
    weight = width * escaping(photon) * photon**power
    values = np.asarray(spectrum(photon.ravel())).reshape(*photon.shape, -1)
    found = np.zeros((table.photon.size, values.shape[-1]))
    np.add.at(found, row, np.einsum("bn,bne->be", weight, values))
    return found * table.unit_factor


def _pieces(lower: np.ndarray, upper: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bands cut into pieces: lower and upper edges [GeV], and the row that each belongs to."""
    edges: list[tuple[float, float]] = []
    row: list[int] = []
    for index, (low, high) in enumerate(zip(lower, upper, strict=True)):
        stop = max(end, 1.01 * low) if math.isinf(high) else high
        count = math.ceil(math.log10(stop / low) / WIDEST)
        cuts = np.geomspace(low, stop, count + 1)
        edges += list(itertools.pairwise(cuts))
        row += [index] * count
    return *np.array(edges).T, np.array(row)


def escaping(absorption: Mapping[str, float], photons: Mapping[str, PhotonField]) -> Spectrum:
    """The share of photons exp(−τ) that pair production leaves, of their energies [GeV].

    Arguments: absorption — {field: length of the way through it [kpc]}, fields of the scene's light or known by name.
    Errors: AssemblyError for an unknown field.
    """
    for name in absorption:
        if name not in photons and name not in FIELDS:
            known = (*photons, *FIELDS)
            raise AssemblyError(f"options.absorption: unknown photon field '{name}': {suggest(name, known)}")
    lengths = [(photons.get(name, name), length) for name, length in absorption.items()]

    def share(photon: np.ndarray) -> np.ndarray:
        depth = sum(length * np.asarray(pair_opacity(photon, [field])) for field, length in lengths)
        return np.exp(-depth) * np.ones_like(photon)

    return share
