"""Cosmic-ray clouds: what the equations of the tube are made of, and their solutions.

    ∂P/∂t + V ∂P/∂z = ∂/∂z (κ_B/I ∂P/∂z)
    ∂I/∂t + V ∂I/∂z = g V max(−∂P/∂z, 0) − 2Γ_lin (I − I₀) − 2[Γ_NL(I) I − Γ_NL(I₀) I₀]

P is the pressure of protons per ln p and I the energy of waves per ln k, both over B²/8π; κ = κ_B/I. V is the waves'
phase speed at k r_L = 1. At first P = P_a in |z| < a = 2R/3, which holds in a tube of the remnant's cross-section as
much volume as the remnant.
Source: Skilling 1975; Malkov et al. 2013; Nava et al. 2016, 2019.
"""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import as_parameter, choice, param, plain_numbers
from jaxcrc.medium.damping import DEFAULT, Damping, check_damping, damping_of
from jaxcrc.medium.diffusion import bohm, kappa_0
from jaxcrc.medium.phases import Phase, kappa_bohm
from jaxcrc.medium.phases import phase as named_phase
from jaxcrc.transport.base import Status
from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.tube import DEFAULT_RESOLUTION, Numbers, Resolution
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3

Value = Float[Array, "..."]
Number = ArrayLike


class Population(eqx.Module):
    """A released population of protons in a medium: all that is common to every radius and energy."""

    phase: Phase
    released_energy: Value = param("1e50 erg", "energy of the released protons", default=1.0)
    index: Value = param("", "index of their spectrum in total energy", default=2.2)
    lowest: Value = param("GeV", "lower end of the spectrum", default=1.0)
    highest: Value = param("GeV", "upper end of the spectrum", default=5.0e6)
    injection_scale: Value = param("pc", "injection scale of the ambient turbulence", default=50.0)
    growth_factor: Value = param("", "g: 1, or ½ where P is counted over B²/4π", default=1.0)
    mach: Value = param("", "Alfvénic Mach number of the ambient turbulence", default=1.0)
    nlld_level: Value = param("", "(δB/B)²/I in non-linear Landau damping", default=1.0)
    kappa0_value: Value | None = eqx.field(default=None, kw_only=True)
    share: Value | None = eqx.field(
        default=None, kw_only=True
    )  # of the released energy per ln E, at the energies asked for, instead of a power law
    kappa0: str = choice("name of the ambient diffusion coefficient", default="nava16")
    damping: tuple[str, ...] = choice("mechanisms", default=DEFAULT)
    advection: bool = choice("whether protons drift with the waves", default=True)
    cut_off: bool = choice("whether turbulent damping ends where the turbulence does", default=False)
    evanescent: str = choice("what happens where waves do not propagate", default="none")

    def kappa_ambient(self, energy: Value) -> Value:
        """κ₀ [pc² kyr⁻¹]."""
        return kappa_0(self.kappa0, energy) if self.kappa0_value is None else self.kappa0_value + 0.0 * energy

    def rates(self, energy: Value) -> Damping:
        """Damping and phase speed of the resonant waves."""
        return damping_of(
            self.phase,
            energy,
            self.damping,
            injection_scale=self.injection_scale,
            mach=self.mach,
            nlld_level=self.nlld_level,
            cut_off=self.cut_off,
            evanescent=self.evanescent,
        )

    def pressure(self, radius: Value, energy: Value) -> Value:
        """P_a, the pressure per ln p over B²/8π in the remnant's volume."""
        share = self.share
        if share is None:
            share = energy_share(energy, self.index, self.lowest, self.highest)
        density = self.released_energy * ENERGY_UNIT_GEV_PER_PC3 / (4.0 / 3.0 * math.pi * radius**3)
        return density * share / (3.0 * self.phase.field_energy)

    def coupling(self, radius: Value, energy: Value) -> Value:
        """Π = g V a P_a / κ_B."""
        return self._coupling(radius, energy, self.rates(energy).speed)

    def _coupling(self, radius: Value, energy: Value, speed: Value) -> Value:
        scale = kappa_bohm(energy, self.phase.field)
        return self.growth_factor * speed * half_length(radius) * self.pressure(radius, energy) / scale

    def numbers(self, radius: Value, energy: Value) -> tuple[Numbers, Value]:
        """(the dimensionless numbers, the unit of time a²/κ₀ [kyr]), of the shape that all inputs broadcast to."""
        kappa, rates, a = self.kappa_ambient(energy), self.rates(energy), half_length(radius)
        background = kappa_bohm(energy, self.phase.field) / kappa
        unit = a**2 / kappa
        speed = a * rates.speed / kappa
        leaves = [
            self._coupling(radius, energy, rates.speed),
            speed if self.advection else jnp.zeros_like(speed),
            2.0 * rates.linear * unit,
            2.0 * rates.quadratic * background * unit,
        ]
        if "cascade-kolmogorov" in self.damping:
            leaves.append(2.0 * rates.root * jnp.sqrt(background) * unit)
        leaves = jnp.broadcast_arrays(*leaves, unit)
        return Numbers(*leaves[:-1]), leaves[-1]


def half_length(radius: Value) -> Value:
    """a = 2R/3 [pc]."""
    return 2.0 / 3.0 * radius


def energy_share(energy: Value, index: Value, lowest: Value, highest: Value) -> Value:
    """Share of the released energy per ln E, E² N/∫ E N dE, for N ∝ E^−index; smooth through index 2."""
    span = jnp.log(highest / lowest)
    x = (2.0 - index) * span
    small = jnp.abs(x) < 1.0e-3
    safe = jnp.where(small, 1.0, x)
    ratio = jnp.where(small, 1.0 - 0.5 * x + x**2 / 12.0, safe / jnp.expm1(safe))
    return (energy / lowest) ** (2.0 - index) * ratio / span


OPTIONS = ("released_energy", "index", "injection_scale", "growth_factor", "mach", "nlld_level")
CHOICES = ("damping", "advection", "cut_off", "evanescent")


def _concrete(value: Any) -> bool:
    return not isinstance(value, jax.core.Tracer)


def _check_positive(name: str, value: Array, unit: str, low: float, high: float) -> None:
    if _concrete(value) and not np.all((np.asarray(value) >= low) & (np.asarray(value) <= high)):
        raise ValueError(f"{name} must lie between {low:g} and {high:g} {unit}, got {value}")


def make_cloud(
    phase: str | Phase,
    *,
    energy_range: tuple[Number, Number] = (1.0, 5.0e6),
    kappa0: str | Number = "nava16",
    **options: Any,
) -> Population:
    """A Population from what a person says; options as for `solve_cloud`. Errors: ValueError for what is not known."""
    unknown = set(options) - {*OPTIONS, *CHOICES}
    if unknown:
        raise ValueError(f"unknown option {min(unknown)!r}; choose from {', '.join((*OPTIONS, *CHOICES))}")
    damping = options.pop("damping", DEFAULT)
    damping = (damping,) if isinstance(damping, str) else tuple(damping)
    check_damping(damping)
    low, high = map(as_parameter, energy_range)
    if _concrete(low) and _concrete(high) and not 0.0 < float(low) < float(high):
        raise ValueError(f"energy_range must be two increasing energies in GeV, got {energy_range}")
    name, value = (kappa0, None) if isinstance(kappa0, str) else ("", as_parameter(kappa0))
    if name:
        kappa_0(name, 10.0)
    medium = named_phase(phase) if isinstance(phase, str) else phase
    return Population(medium, lowest=low, highest=high, kappa0=name, kappa0_value=value, damping=damping, **options)


def checked_inputs(cloud: Population, radius: Number, energy: Number) -> tuple[Array, Array]:
    """Radius and energy as arrays. ValueError where they are out of range, or κ₀ lies below Bohm, as far as that is
    known.
    """
    radius, energy = as_parameter(radius), as_parameter(energy)
    _check_positive("radius", radius, "pc", 1.0e-3, 1.0e4)
    _check_positive("energy", energy, "GeV", 1.0, 1.0e8)
    least = bohm(energy, cloud.phase.field)
    kappa = cloud.kappa_ambient(energy)
    if _concrete(least) and _concrete(kappa) and np.any(np.asarray(kappa) < np.asarray(least)):
        raise ValueError(f"kappa0 = {kappa} pc² kyr⁻¹ lies below the Bohm limit {least}; take a larger one")
    return radius, energy


@plain_numbers
def coupling(phase: str | Phase, radius: Number, energy: Number, **options: Any) -> Value:
    """Π = g V Φ/κ_B, how strongly the escaping protons drive their waves; 1 divides weak from strong.

    Arguments: as `solve_cloud`. Source: Malkov et al. 2013; Nava et al. 2016.
    """
    cloud = make_cloud(phase, **options)
    return _coupling(cloud, *checked_inputs(cloud, radius, energy))


@eqx.filter_jit
def _coupling(cloud: Population, radius: Array, energy: Array) -> Array:
    return cloud.coupling(radius, energy)


@plain_numbers
def half_life(
    phase: str | Phase, radius: Number, energy: Number, *, resolution: Resolution = DEFAULT_RESOLUTION, **options: Any
) -> Value:
    """Time until half of the protons have left the cloud |z| < 2R/3 [kyr].

    Where it is not reached within the march the time of its end is returned; `half_life_status` says so.

    Arguments: as `solve_cloud`; radius and energy may be arrays that broadcast. Errors: as `solve_cloud`.
    Source: Nava et al. 2016.
    """
    cloud = make_cloud(phase, **options)
    return _half_life(cloud, *checked_inputs(cloud, radius, energy), resolution)[0]


@plain_numbers
def half_life_status(
    phase: str | Phase, radius: Number, energy: Number, *, resolution: Resolution = DEFAULT_RESOLUTION, **options: Any
) -> tuple[Value, Array]:
    """(`half_life` [kyr], bits of `Status`), for each radius and energy."""
    cloud = make_cloud(phase, **options)
    return _half_life(cloud, *checked_inputs(cloud, radius, energy), resolution)


@eqx.filter_jit
def _half_life(cloud: Population, radius: Array, energy: Array, resolution: Resolution) -> tuple[Array, Array]:
    return cloud_half_life(cloud, radius, energy, resolution)


def cloud_half_life(cloud: Population, radius: Value, energy: Value, resolution: Resolution) -> tuple[Value, Array]:
    """(half-life [kyr], status bits) of a Population, inside a trace."""
    numbers, unit = cloud.numbers(radius, energy)
    result = scaled_half_life(numbers, resolution)
    evanescent = cloud.rates(energy).evanescent
    status = jnp.where(result.reached > 0.5, 0, int(Status.FAILED))
    return result.time * unit, status | jnp.where(evanescent, int(Status.EVANESCENT), 0)
