"""Energy that particles lose on their way, from the cross-sections and fields that also make them shine.

Rates are positive, in GeV kyr⁻¹. Energies of electrons are total.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from functools import reduce
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import as_parameter, plain_numbers
from jaxcrc.interactions.bremsstrahlung import CROSS_SECTION, ELECTRON_RADIUS_CM, HELIUM, check_gas, radiated
from jaxcrc.interactions.compton import recoil
from jaxcrc.interactions.inelastic import inelastic_cross_section
from jaxcrc.interactions.photon_fields import grey_bodies, thermal_energy
from jaxcrc.medium.light import Light

THOMSON_RATE = 4.0 / 3.0 * units.THOMSON_CM2 * units.LIGHT_SPEED_CM_S * units.S_PER_KYR  # [cm³ kyr⁻¹]
GEV_PER_EV = 1.0e-9
# K = π r_e² c m_ec² [GeV cm³ kyr⁻¹].
STOPPING = math.pi * ELECTRON_RADIUS_CM**2 * units.LIGHT_SPEED_CM_S * units.ELECTRON_MASS * units.S_PER_KYR


def _boost(energy: Array) -> Array:
    """γ² − 1 of an electron of that total energy, zero below its mass."""
    return jnp.maximum((energy / units.ELECTRON_MASS) ** 2 - 1.0, 0.0)


@plain_numbers
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
    terms = (
        jnp.asarray(field.energy_density, energy.dtype)
        * recoil(4.0 * thermal_energy(field.temperature) / units.ELECTRON_MASS * gamma)
        for field in grey_bodies(fields)
    )
    total = reduce(operator.add, terms)
    return THOMSON_RATE * GEV_PER_EV * _boost(energy) * total


@plain_numbers
def synchrotron_loss(energy: ArrayLike, field: ArrayLike) -> Float[Array, "..."]:
    """Energy that an electron loses to synchrotron radiation in a random magnetic field [GeV kyr⁻¹].

    −dE/dt = (4/3) σ_T c (γ² − 1) B²/8π, the mean over pitch angles.

    Source: Blumenthal & Gould 1970. Arguments: energy — total energy of the electron [GeV]; field — B [µG].
    """
    energy, field = as_parameter(energy), as_parameter(field)
    return (THOMSON_RATE * units.FIELD_ENERGY_GEV_CM3) * _boost(energy) * field**2


@plain_numbers
def bremsstrahlung_loss(
    energy: ArrayLike, density: ArrayLike, gas: str = "neutral", helium: float = 0.1
) -> Float[Array, "..."]:
    """Energy that an electron loses to bremsstrahlung [GeV kyr⁻¹].

    −dE/dt = c n_H ∫ E_γ dσ/dE_γ dE_γ, with the cross-section of `bremsstrahlung_emission`.

    Source: Blumenthal & Gould 1970, Section 3.
    Arguments: energy — total energy of the electron [GeV]; density — of hydrogen nuclei [cm⁻³]; gas — "neutral" or
    "ionised"; helium — its nuclei for each of hydrogen. Errors: ValueError for an unknown gas.
    Validity: electrons above a few MeV.
    """
    check_gas(gas)
    energy, density = as_parameter(energy), as_parameter(density)
    rate = units.LIGHT_SPEED_CM_S * CROSS_SECTION * units.S_PER_KYR * (1.0 + HELIUM * helium)
    return rate * density * energy * radiated(energy / units.ELECTRON_MASS, gas)


@plain_numbers
def lepton_loss(energy: ArrayLike, light: Light, density: ArrayLike | None = None) -> Float[Array, "..."]:
    """Energy that an electron loses to radiation, magnetic field and, given a density, neutral gas [GeV kyr⁻¹].

    Arguments: energy — total energy of the electron [GeV]; light — photon fields and magnetic field; density — of
    hydrogen nuclei [cm⁻³].
    """
    total = synchrotron_loss(energy, light.magnetic_field)
    if light.photons:
        total = total + inverse_compton_loss(energy, light.photons.values())
    return total if density is None else total + bremsstrahlung_loss(energy, density)


def pion_loss(energy: ArrayLike, density: ArrayLike, inelasticity: ArrayLike = 0.45) -> Float[Array, "..."]:
    """Energy that a proton loses to the production of pions [GeV kyr⁻¹]: κ σ_inel c n_H T.

    Source: the inelastic cross-section of Kafexhiu et al. 2014, Eq. 1; κ = 0.45 to 0.5 as commonly taken.
    Arguments: energy — kinetic energy T [GeV]; density — of hydrogen nuclei [cm⁻³]; inelasticity — κ, mean share of
    its energy that a proton loses.
    """
    energy, density = as_parameter(energy), as_parameter(density)
    rate = units.LIGHT_SPEED_CM_S / units.MB_PER_CM2 * units.S_PER_KYR
    return rate * jnp.asarray(inelasticity, energy.dtype) * inelastic_cross_section(energy) * density * energy


def ionisation_loss(energy: ArrayLike, density: ArrayLike, helium: ArrayLike = 0.1) -> Float[Array, "..."]:
    """Energy that a proton loses by ionising neutral gas [GeV kyr⁻¹].

    −dT/dt = (2K/β) Σ_s n_s {ln[2m_ec²(γ² − 1)q_max/I_s²] − 2β²}, q_max = 2m_ec²(γ² − 1)/(1 + 2γm_e/m_p), with n_s the
    density of bound electrons, K = πr_e²c m_ec², I_H = 19 eV and I_He = 44 eV.

    Source: Bethe's formula; mean excitation energies of Mannheim & Schlickeiser 1994 as used in GALPROP.
    Arguments: energy — kinetic energy [GeV]; density — of hydrogen atoms [cm⁻³]; helium — atoms for each of hydrogen.
    Validity: T above 1 MeV, far below which the bracket is kept positive.
    """
    energy, density = as_parameter(energy), as_parameter(density)
    gamma, beta2, square = _motion(energy)
    recoil = 1.0 + 2.0 * gamma * units.ELECTRON_MASS / units.PROTON_MASS

    def bracket(potential: float) -> Array:
        ratio = 2.0 * units.ELECTRON_MASS / potential * square
        return jnp.maximum(2.0 * jnp.log(ratio) - jnp.log(recoil) - 2.0 * beta2, 0.1)

    electrons = bracket(19.0e-9) + 2.0 * as_parameter(helium) * bracket(44.0e-9)
    return 2.0 * STOPPING / jnp.sqrt(beta2) * density * electrons


def coulomb_loss(energy: ArrayLike, density: ArrayLike, temperature: ArrayLike = 1.0e4) -> Float[Array, "..."]:
    """Energy that a proton loses to the electrons of ionised gas [GeV kyr⁻¹].

    −dT/dt = (4K n_e/β) lnΛ β³/(x_m³ + β³), x_m = (3√π/4)^{1/3} √(2kT_e/m_ec²),
    lnΛ = −½ ln{4πr_e(ħc)² n_e (m_p + 2γm_e)/(4γ²β⁴ m_e² m_p)}.

    Source: Dermer 1985; Mannheim & Schlickeiser 1994, as used in GALPROP.
    Arguments: energy — kinetic energy [GeV]; density — of free electrons [cm⁻³]; temperature — of them [K].
    Validity: T above 1 MeV.
    """
    energy, density, temperature = as_parameter(energy), as_parameter(density), as_parameter(temperature)
    gamma, beta2, _ = _motion(energy)
    slow = 0.75 * math.sqrt(math.pi) * (2.0 * units.BOLTZMANN_GEV_K / units.ELECTRON_MASS * temperature) ** 1.5
    constant = math.log(math.pi * ELECTRON_RADIUS_CM * units.HBAR_C_GEV_CM**2 / units.ELECTRON_MASS**2)
    recoil = 1.0 + 2.0 * gamma * units.ELECTRON_MASS / units.PROTON_MASS
    sparse = jnp.log(jnp.maximum(density, 1.0e-30))
    logarithm = -0.5 * (constant + sparse + jnp.log(recoil) - 2.0 * jnp.log(gamma * beta2))
    return 4.0 * STOPPING * density * logarithm * beta2 / (slow + beta2**1.5)


@plain_numbers
def proton_loss(
    energy: ArrayLike,
    density: ArrayLike,
    ionised: ArrayLike = 0.0,
    temperature: ArrayLike = 1.0e4,
    helium: ArrayLike = 0.1,
    inelasticity: ArrayLike = 0.45,
) -> Float[Array, "..."]:
    """Energy that a proton loses to pions, to ionisation and to the plasma's electrons [GeV kyr⁻¹].

    Source and validity: see `pion_loss`, `ionisation_loss` and `coulomb_loss`; T above 1 MeV.
    Arguments: energy — kinetic energy [GeV]; density — of hydrogen nuclei [cm⁻³]; ionised — fraction of them that is
    ionised, with one free electron each; temperature — of the electrons [K]; helium — atoms for each hydrogen atom,
    which count in ionisation; inelasticity — of collisions.
    """
    density = as_parameter(density)
    atoms, electrons = density * (1.0 - as_parameter(ionised)), density * as_parameter(ionised)
    collisions = pion_loss(energy, density, inelasticity)
    return collisions + ionisation_loss(energy, atoms, helium) + coulomb_loss(energy, electrons, temperature)


def _motion(energy: Array) -> tuple[Array, Array, Array]:
    """γ, β² and γ² − 1 of a proton of that kinetic energy."""
    excess = energy / units.PROTON_MASS
    square = excess * (2.0 + excess)
    gamma = 1.0 + excess
    return gamma, square / gamma**2, square
