"""Energy that particles lose on their way, from the cross-sections and fields that also make them shine.

Rates are positive, in GeV kyr⁻¹. Energies of electrons are total.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import as_parameter
from jaxcrc.interactions.compton import recoil
from jaxcrc.interactions.photon_fields import grey_bodies, thermal_energy
from jaxcrc.medium.light import Light

THOMSON_RATE = 4.0 / 3.0 * units.THOMSON_CM2 * units.LIGHT_SPEED_CM_S * units.S_PER_KYR  # [cm³ kyr⁻¹]
GEV_PER_EV = 1.0e-9
FIELD_ENERGY_GEV_CM3 = 1.0e-12 / (8.0 * math.pi) / units.ERG_PER_GEV  # B²/8π at 1 µG


def _boost(energy: Array) -> Array:
    """γ² − 1 of an electron of that total energy, zero below its mass."""
    return jnp.maximum((energy / units.ELECTRON_MASS) ** 2 - 1.0, 0.0)


def inverse_compton_loss(energy: ArrayLike, fields: Iterable[Any]) -> Float[Array, "..."]:
    """Energy that an electron loses to isotropic radiation [GeV kyr⁻¹].

    −dE/dt = (4/3) σ_T c (γ² − 1) Σ_j U_j F(4γΘ_j), F Klein–Nishina exact, averaged over the Planck spectrum.

    Source: Blumenthal & Gould 1970; Moderski et al. 2005.
    Arguments: energy — total energy of the electron [GeV]; fields — list of names, of pairs (temperature [K], energy
    density [eV cm⁻³]) or of photon fields; densities may be traced.
    Errors: ValueError for an unknown name or an empty list.
    Validity: electrons far above the photons' energies; the table of F is good to 1e-7.
    """
    energy = as_parameter(energy)
    gamma = energy / units.ELECTRON_MASS
    total = sum(
        jnp.asarray(field.energy_density, energy.dtype)
        * recoil(4.0 * thermal_energy(field.temperature) / units.ELECTRON_MASS * gamma)
        for field in grey_bodies(fields)
    )
    return THOMSON_RATE * GEV_PER_EV * _boost(energy) * total


def synchrotron_loss(energy: ArrayLike, field: ArrayLike) -> Float[Array, "..."]:
    """Energy that an electron loses to synchrotron radiation in a random magnetic field [GeV kyr⁻¹].

    −dE/dt = (4/3) σ_T c (γ² − 1) B²/8π, the mean over pitch angles.

    Source: Blumenthal & Gould 1970. Arguments: energy — total energy of the electron [GeV]; field — B [µG].
    """
    energy, field = as_parameter(energy), as_parameter(field)
    return (THOMSON_RATE * FIELD_ENERGY_GEV_CM3) * _boost(energy) * field**2


def lepton_loss(energy: ArrayLike, light: Light) -> Float[Array, "..."]:
    """Energy that an electron loses to radiation and magnetic field [GeV kyr⁻¹].

    Arguments: energy — total energy of the electron [GeV]; light — photon fields and magnetic field.
    """
    total = synchrotron_loss(energy, light.magnetic_field)
    return total + inverse_compton_loss(energy, light.photons.values()) if light.photons else total
