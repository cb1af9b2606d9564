"""Secondaries of proton-proton collisions from the tables of AAfrag (QGSJET-II-04m), read through `aafragpy`.

The tables belong to that package (extra `aafrag`); they are looked up once, where a matrix is made.
Source: Kachelrieß, Moskalenko & Ostapchenko 2019 (Comput. Phys. Commun. 245, 106846); Kachelrieß, Ostapchenko &
Tjemsland 2023 (287, 108698); Koldobskiy et al. 2021 (Phys. Rev. D 104, 123027) for the package.
"""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np
from jaxtyping import Float

from jaxcrc.emission import kafexhiu14
from jaxcrc.units import PROTON_MASS

LOWEST = 4.0 - PROTON_MASS  # kinetic energy [GeV] at which the tables begin
SECONDARIES = {
    "photon": ("gam",),
    "electron": ("el", "posi"),
    "electron neutrino": ("nu_e", "anu_e"),
    "muon neutrino": ("nu_mu", "anu_mu"),
}


@functools.lru_cache(maxsize=1)
def _package() -> ModuleType:
    try:
        import aafragpy
    except ImportError:
        message = "the model 'aafrag' needs the package aafragpy: install jaxcrc[aafrag], or name another model"
        raise ValueError(message) from None
    return aafragpy


def cross_section(
    secondary: str, photon: Float[np.ndarray, " photon"], energy: Float[np.ndarray, " energy"]
) -> Float[np.ndarray, "photon energy"]:
    """Differential cross-section dσ/dE of p + p → secondary [mb GeV⁻¹], on the host.

    Below a total energy of 4 GeV, where the tables begin, photons are those of "kafexhiu14-geant4" and leptons none.

    Arguments: secondary — key of SECONDARIES; photon — energies of the secondary [GeV]; energy — kinetic energies of
    the proton [GeV]. Errors: ValueError where aafragpy is not installed.
    Validity: to 4e11 GeV; the tables step by a fifth of a decade in the proton's energy, between which aafragpy
    interpolates.
    """
    table = np.zeros((photon.size, energy.size))
    inside = energy >= LOWEST
    if np.any(inside):
        for name in SECONDARIES[secondary]:
            found, *_ = _package().get_cross_section(name, "p-p", energy[inside] + PROTON_MASS, photon)
            table[:, inside] += np.asarray(found).reshape(-1, photon.size).T
    if secondary == "photon" and not np.all(inside):
        low = kafexhiu14.cross_section(photon[:, None], energy[~inside], kafexhiu14.GENERATORS["geant4"])
        table[:, ~inside] = np.asarray(low)
    return table
