"""Damping of slab Alfvén waves, as amplitude rates (energy decays twice as fast), and their phase speed.

Everything at the wavenumber k = 1/r_L that protons of the energy asked for resonate with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import as_parameter, plain_numbers
from jaxcrc.medium.diffusion import larmor_radius
from jaxcrc.medium.dispersion import alfven_mode, band_entry
from jaxcrc.medium.phases import Phase
from jaxcrc.medium.phases import phase as named_phase

Value = Float[Array, "..."]

DAMPINGS = ("ion-neutral", "nlld", "turbulent", "landau", "cascade-kolmogorov", "cascade-kraichnan")
DEFAULT = ("ion-neutral", "nlld", "turbulent")
CASCADE = 0.052  # (2 · 3.6)^(−3/2): Miller & Roberts 1995, as used by Evoli et al. 2018


class Damping(eqx.Module):
    """Γ(I) = linear + quadratic · I + root · √I [kyr⁻¹], and the waves' phase speed [pc kyr⁻¹]."""

    linear: Value
    quadratic: Value
    root: Value
    speed: Value
    evanescent: Array

    def rate(self, waves: Value) -> Value:
        """Γ at the wave level I [kyr⁻¹]."""
        positive = waves > 0.0
        root = jnp.where(positive, jnp.sqrt(jnp.where(positive, waves, 1.0)), 0.0)
        return self.linear + self.quadratic * waves + self.root * root


def check_damping(names: Sequence[str]) -> None:
    """ValueError naming the list when a mechanism is unknown or two of one kind are asked for."""
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in DAMPINGS]
    if unknown:
        raise ValueError(f"unknown damping {unknown[0]!r}; choose from {', '.join(DAMPINGS)}")


def nlld(medium: Phase, energy: ArrayLike, level: ArrayLike = 1.0) -> Value:
    """Non-linear Landau damping per unit wave level, Γ/I [kyr⁻¹].

    Γ = ½ √(π/2) k v_i (δB/B)², (δB/B)² = level · I, v_i = √(kT/m).
    Source: Lee & Völk 1973; Wiener et al. 2013. Validity: δB ≪ B, ion trapping unsaturated.
    """
    larmor = larmor_radius(energy, medium.field)
    return as_parameter(level) * 0.5 * math.sqrt(0.5 * math.pi) * medium.thermal_speed / larmor


def mach_factor(relative: ArrayLike, mach: ArrayLike) -> Value:
    """Dependence of turbulent damping on the Alfvénic Mach number of the turbulence; 1 at Mach 1.

    M < 1: min(M², M^{8/3} x^{−1/6}); M > 1: min(M^{3/2}, M x^{−1/6}); x = r_L/L.
    Source: Farmer & Goldreich 2004; Lazarian 2016.
    """
    relative, mach = as_parameter(relative), as_parameter(mach)
    weak = relative ** (-1.0 / 6.0)
    below = jnp.minimum(mach**2, mach ** (8.0 / 3.0) * weak)
    return jnp.where(mach < 1.0, below, jnp.minimum(mach**1.5, mach * weak))


def turbulent(
    medium: Phase,
    energy: ArrayLike,
    speed: Value,
    injection_scale: ArrayLike = 50.0,
    mach: ArrayLike = 1.0,
    *,
    cut_off: bool = False,
) -> Value:
    """Damping by shear in the ambient turbulence, Γ = V/√(r_L L) · f(M_A) [kyr⁻¹], V the speed of the resonant waves.

    With `cut_off` it vanishes for waves beyond the wavenumber where ion–neutral damping overtakes the cascade, which
    is the lower edge of the evanescent band.
    Source: Farmer & Goldreich 2004; Lazarian 2016; cut-off as Xu & Lazarian 2016. Validity: r_L < L.
    """
    larmor = larmor_radius(energy, medium.field)
    rate = speed / jnp.sqrt(larmor * injection_scale) * mach_factor(larmor / injection_scale, mach)
    if not cut_off:
        return rate
    return jnp.where(medium.alfven_total / larmor < band_entry(medium), rate, 0.0)


def linear_landau(medium: Phase, energy: ArrayLike, injection_scale: ArrayLike = 50.0, mach: ArrayLike = 1.0) -> Value:
    """Linear Landau damping of waves tilted by turbulence, Γ ≈ (√π/4) v_i/√(r_L L) · f(M_A) [kyr⁻¹]; none for slab
    waves.

    Source: Wiener et al. 2018 (order of magnitude).
    """
    larmor = larmor_radius(energy, medium.field)
    factor = mach_factor(larmor / injection_scale, mach)
    return 0.25 * math.sqrt(math.pi) * medium.thermal_speed / jnp.sqrt(larmor * injection_scale) * factor


def self_cascade(medium: Phase, energy: ArrayLike, speed: Value, kind: str) -> Value:
    """Γ/√I ("kolmogorov") or Γ/I ("kraichnan") of the waves' own cascade [kyr⁻¹].

    Energy decays at c_K k V W^{1/2} or c_K k V W, W = I/2 the magnetic energy per ln k over B²/8π; Γ is half of that.
    Source: Miller & Roberts 1995; Evoli et al. 2018.
    """
    base = 0.5 * CASCADE * speed / larmor_radius(energy, medium.field)
    return base * (math.sqrt(0.5) if kind == "kolmogorov" else 0.5)


def damping_of(
    medium: Phase,
    energy: ArrayLike,
    names: Sequence[str] = DEFAULT,
    *,
    injection_scale: ArrayLike = 50.0,
    mach: ArrayLike = 1.0,
    nlld_level: ArrayLike = 1.0,
    cut_off: bool = False,
    evanescent: str = "none",
) -> Damping:
    """All the mechanisms in `names`, added up, and the phase speed.

    The phase speed is that of the exact dispersion relation whether or not "ion-neutral" is among the names.
    """
    check_damping(names)
    mode = alfven_mode(medium, energy, evanescent=evanescent)
    zero = jnp.zeros_like(mode.damping)
    linear, quadratic, root = zero, zero, zero
    if "ion-neutral" in names:
        linear = linear + mode.damping
    if "turbulent" in names:
        linear = linear + turbulent(medium, energy, mode.speed, injection_scale, mach, cut_off=cut_off)
    if "landau" in names:
        linear = linear + linear_landau(medium, energy, injection_scale, mach)
    if "nlld" in names:
        quadratic = quadratic + nlld(medium, energy, nlld_level)
    if "cascade-kraichnan" in names:
        quadratic = quadratic + self_cascade(medium, energy, mode.speed, "kraichnan")
    if "cascade-kolmogorov" in names:
        root = root + self_cascade(medium, energy, mode.speed, "kolmogorov")
    return Damping(linear, quadratic, root, mode.speed, mode.evanescent)


@plain_numbers
def damping_rate(
    phase: str | Phase,
    energy: ArrayLike,
    waves: ArrayLike = 0.0,
    *,
    damping: Sequence[str] = DEFAULT,
    injection_scale: ArrayLike = 50.0,
    mach: ArrayLike = 1.0,
    nlld_level: ArrayLike = 1.0,
    cut_off: bool = False,
    evanescent: str = "none",
) -> Value:
    """Amplitude damping rate Γ of waves resonant with protons of `energy` [kyr⁻¹].

    Arguments: phase — a name or a Phase; energy — total energy [GeV]; waves — level I for the non-linear mechanisms;
    damping — mechanisms, from ion-neutral, nlld, turbulent, landau, cascade-kolmogorov, cascade-kraichnan;
    injection_scale — of the ambient turbulence [pc]; mach — its Alfvénic Mach number; nlld_level — (δB/B)²/I; cut_off
    — end turbulent damping where ion–neutral collisions end the cascade; evanescent — "none" or "slowest", what
    happens in the evanescent band.
    Errors: ValueError for an unknown phase or mechanism, or an energy that is not positive.
    """
    medium = named_phase(phase) if isinstance(phase, str) else phase
    energy = as_parameter(energy)
    if not isinstance(energy, jax.core.Tracer) and not np.all(np.asarray(energy) > 0.0):
        raise ValueError(f"energies must be positive, got {energy}")
    rates = damping_of(
        medium,
        energy,
        damping,
        injection_scale=injection_scale,
        mach=mach,
        nlld_level=nlld_level,
        cut_off=cut_off,
        evanescent=evanescent,
    )
    return rates.rate(as_parameter(waves))
