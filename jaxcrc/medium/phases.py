"""Phases of the interstellar medium, and what follows from them."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import choice, param
from jaxcrc.medium.diffusion import bohm
from jaxcrc.units import (
    BOLTZMANN_ERG_K,
    FIELD_ENERGY_GEV_CM3,
    HYDROGEN_MASS_G,
    KM_S_PER_PC_KYR,
    MEAN_MASS_PER_HYDROGEN,
    MICROGAUSS,
    PROTON_MASS_G,
    S_PER_KYR,
)

Value = Float[Array, "..."]

ALFVEN_PC_KYR = MICROGAUSS / math.sqrt(4.0 * math.pi * HYDROGEN_MASS_G) / 1.0e5 / KM_S_PER_PC_KYR  # 1 µG, 1 m_H cm⁻³
THERMAL_PC_KYR = math.sqrt(BOLTZMANN_ERG_K / PROTON_MASS_G) / 1.0e5 / KM_S_PER_PC_KYR  # √(k·1 K/m_p)

ATOMIC_RATE = 1.7e-8 * S_PER_KYR  # at 1e4 K and 1 cm⁻³ [kyr⁻¹]
MOLECULAR_RATE = 2.1e-9 * S_PER_KYR


class Neutral(eqx.Module):
    """A further neutral species that ions collide with, besides the phase's own (say helium)."""

    density: Value = param("cm-3", "number density")
    mass: Value = param("m_H", "mass of a particle")
    rate: Value = param("cm3 / s", "momentum-transfer rate of an ion per unit density")


class Phase(eqx.Module):
    """Gas of one phase. Every number may be changed, traced or batched.

    One composition rules all: `total_density` is the mass that waves carry, that a remnant sweeps up and that protons
    cross, and `hydrogen` counts its nuclei. Papers that give 1.4 m_H to each particle of these phases have 16 % more
    mass in remnants and grammage than in the waves.

    Source: Marcowith 2025, Table 2 (the phases), Jean et al. 2009 (collision rates as quoted there).
    """

    temperature: Value = param("K", "gas temperature", low=1.0)
    field: Value = param("uG", "mean magnetic field", low=1.0e-3)
    ionised: Value = param("", "ionised fraction X of the density", low=1.0e-9, high=1.0)
    density: Value = param("cm-3", "number density of ions and neutrals", low=1.0e-6)
    ion_mass: Value = param("m_H", "mean mass of an ion")
    neutral_mass: Value = param("m_H", "mean mass of a neutral")
    collision_scale: Value = param("", "factor on the ion–neutral collision rate", default=1.0)
    thermal_mass: Value = param("m_p", "mass of the thermal ions that damp waves non-linearly", default=1.0)
    neutrals: tuple[Neutral, ...] = ()
    molecular: bool = choice("whether hydrogen is molecular", default=False)
    name: str = choice("what the phase is called", default="")

    @property
    def ion_density(self) -> Value:
        """ρ_i [m_H cm⁻³]."""
        return self.ionised * self.density * self.ion_mass

    @property
    def neutral_density(self) -> Value:
        """ρ_n of the phase's own neutrals [m_H cm⁻³]."""
        return (1.0 - self.ionised) * self.density * self.neutral_mass

    @property
    def total_density(self) -> Value:
        """ρ_i + ρ_n, all neutral species counted [m_H cm⁻³]."""
        return self.ion_density + self.neutral_density + sum(extra.density * extra.mass for extra in self.neutrals)

    @property
    def hydrogen(self) -> Value:
        """n_H, hydrogen nuclei in the gas of `total_density`, with helium 1.4 m_H for each [cm⁻³]."""
        return self.total_density / MEAN_MASS_PER_HYDROGEN

    @property
    def alfven_ion(self) -> Value:
        """Alfvén speed of the ions alone, B/√(4πρ_i) [pc kyr⁻¹]."""
        return ALFVEN_PC_KYR * self.field / jnp.sqrt(self.ion_density)

    @property
    def alfven_total(self) -> Value:
        """Alfvén speed of ions and neutrals together [pc kyr⁻¹]."""
        return ALFVEN_PC_KYR * self.field / jnp.sqrt(self.total_density)

    @property
    def ion_collisions(self) -> Value:
        """ν_in, rate at which an ion is slowed by the phase's own neutrals [kyr⁻¹]."""
        number = (1.0 - self.ionised) * self.density
        if self.molecular:
            return self.collision_scale * MOLECULAR_RATE * number
        return self.collision_scale * ATOMIC_RATE * number * (self.temperature / 1.0e4) ** 0.4

    @property
    def neutral_collisions(self) -> Value:
        """ν_ni = ν_in ρ_i/ρ_n, written without the density of neutrals: finite in a fully ionised gas [kyr⁻¹]."""
        rate = MOLECULAR_RATE if self.molecular else ATOMIC_RATE * (self.temperature / 1.0e4) ** 0.4
        return self.collision_scale * rate * self.ion_density / self.neutral_mass

    @property
    def thermal_speed(self) -> Value:
        """√(kT/m) of the thermal ions [pc kyr⁻¹]."""
        return THERMAL_PC_KYR * jnp.sqrt(self.temperature / self.thermal_mass)

    @property
    def field_energy(self) -> Value:
        """B²/8π [GeV cm⁻³]."""
        return FIELD_ENERGY_GEV_CM3 * self.field**2


def kappa_bohm(energy: ArrayLike, field: ArrayLike) -> Value:
    """κ_B = (4/3π) c r_L [pc² kyr⁻¹], the diffusion coefficient where the waves' energy per ln k is B²/8π.

    Source: Skilling 1975; slab waves of both helicities, magnetic and kinetic energy counted.
    """
    return 4.0 / math.pi * bohm(energy, field)


# name: temperature, field, ionised fraction, density, ion mass, neutral mass, molecular
_TABLE: dict[str, tuple[Any, ...]] = {
    "hism": (1.0e6, 2.0, 1.0, 0.01, 1.21, 1.21, False),
    "wim": (8000.0, 5.0, 0.9, 0.35, 1.21, 1.21, False),
    "wnm": (8000.0, 5.0, 0.02, 0.35, 1.21, 1.21, False),
    "cnm": (50.0, 6.0, 8.0e-4, 30.0, 12.0, 1.21, False),
    "dim": (50.0, 6.0, 1.0e-4, 300.0, 12.0, 1.67, True),
    "dc": (20.0, 60.0, 1.0e-6, 1.0e4, 29.0, 2.12, True),
}
PHASES = tuple(_TABLE)


def phase(name: str) -> Phase:
    """The phase called `name`: hism, wim, wnm, cnm, dim or dc, in either case.

    Hot ionised, warm ionised, warm neutral, cold neutral medium, diffuse molecular and dense clouds.
    Source: Marcowith 2025, Table 2. Errors: ValueError for another name.
    """
    return Phase(**phase_numbers(name))


def phase_numbers(name: str) -> dict[str, Any]:
    """The fields of the phase called `name`. Errors: ValueError for another name."""
    if not isinstance(name, str) or name.lower() not in _TABLE:
        raise ValueError(f"unknown phase {name!r}; choose one of {', '.join(PHASES)}, or build a Phase")
    names = ("temperature", "field", "ionised", "density", "ion_mass", "neutral_mass", "molecular")
    return {**dict(zip(names, _TABLE[name.lower()], strict=True)), "name": name.lower()}
