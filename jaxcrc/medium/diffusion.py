"""Diffusion coefficients: named references κ₀, their suppression by χ and change of slope to δ, and the Bohm limit.

All laws are in momentum (pc in GeV) of a proton with β = 1; for another charge read rigidity for pc.
A suppression factor χ means nothing without the name of its κ₀ and the energy at which it is quoted.
"""

from __future__ import annotations

import difflib
import math
from abc import abstractmethod
from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Scalar, choice, facts, gate, param, plain_numbers
from jaxcrc.units import (
    CM2_S_PER_PC2_KYR,
    LARMOR_PC,
    LIGHT_SPEED,
    LOG10_CM2_S_PER_PC2_KYR,
)


@dataclass(frozen=True)
class Reference:
    """κ₀ = D (p/p₀)^δ, divided by (1 + (p/p_b)^{Δ/s})^s where the slope changes by Δ around p_b."""

    normalisation: float  # D [cm² s⁻¹]
    pivot: float  # p₀ [GeV]
    delta: float
    source: str
    break_at: float = math.inf  # p_b [GeV]
    break_change: float = 0.0  # Δ
    break_width: float = 1.0  # s


REFERENCES: dict[str, Reference] = {
    "nava16": Reference(1e28, 10.0, 0.5, "Nava et al. 2016; Gabici et al. 2009; as commonly quoted"),
    "halo18": Reference(5e28, 3.0, 1.0 / 3.0, "Evoli, Linden & Morlino 2018, Galactic halo in their public code"),
    "ml22": Reference(3.466e28, 1.0, 0.33, "Mukhopadhyay & Linden 2022, public code"),
    "bc18": Reference(1.75e28, 1.0, 0.56, "B/C fit of Evoli, Linden & Morlino 2018, halo of 5 kpc", 290.0, 0.22, 0.09),
    "craic_slow": Reference(3e26, 1.0, 0.5, "Mitchell et al. 2021, slow case"),
    "craic_fast": Reference(3e27, 1.0, 0.5, "Mitchell et al. 2021, fast case"),
    "sp4e28": Reference(4e28, 1.0, 1.0 / 3.0, "typical of secondary-to-primary ratios, as commonly quoted"),
}


def reference_law(name: str) -> Reference:
    """The reference law of that name. Errors: ValueError with the known names."""
    if name in REFERENCES:
        return REFERENCES[name]
    close = difflib.get_close_matches(str(name), REFERENCES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown diffusion reference {name!r}: {hint}known are {', '.join(REFERENCES)}")


@plain_numbers
def kappa_0(name: str, momentum: ArrayLike) -> Float[Array, "..."]:
    """Reference diffusion coefficient κ₀ [pc² kyr⁻¹].

    Equation: κ₀ = D (p/p₀)^δ / (1 + (p/p_b)^{Δ/s})^s, without the denominator where there is no break.
    Source: per name, see `REFERENCES`.
    Arguments: name — key of `REFERENCES`; momentum — pc [GeV].
    Errors: ValueError for an unknown name.
    Validity: 1 GeV to 1 PeV; the measurements behind the names end near 10 TeV.
    """
    law = reference_law(name)
    momentum = jnp.asarray(momentum, jnp.result_type(float, momentum))
    kappa = law.normalisation / CM2_S_PER_PC2_KYR * (momentum / law.pivot) ** law.delta
    if law.break_change == 0.0:
        return kappa
    return kappa / (1.0 + (momentum / law.break_at) ** (law.break_change / law.break_width)) ** law.break_width


def _log_kappa_0(name: str, momentum: float) -> float:
    """ln κ₀ [pc² kyr⁻¹] at a fixed momentum, in double precision whatever the arrays are."""
    law = reference_law(name)
    bend = law.break_width * math.log1p((momentum / law.break_at) ** (law.break_change / law.break_width))
    smooth = math.log(law.normalisation / CM2_S_PER_PC2_KYR) + law.delta * math.log(momentum / law.pivot)
    return smooth - bend if law.break_change else smooth


def _power_law(momentum: ArrayLike, log_kappa: ArrayLike, delta: ArrayLike, pivot: float) -> Float[Array, "..."]:
    return jnp.exp(log_kappa + delta * jnp.log(jnp.asarray(momentum) / pivot))


def kappa(
    momentum: ArrayLike, log10_chi: ArrayLike, delta: ArrayLike, reference: str, pivot: float = 10.0
) -> Float[Array, "..."]:
    """Suppressed diffusion coefficient [pc² kyr⁻¹].

    Equation: κ = χ κ₀(E₀) (pc/E₀)^δ.
    Source: Marcowith 2025, Front. Astron. Space Sci. 11, 1411076, Section 1.
    Arguments: momentum — pc [GeV]; log10_chi — log10 of χ at E₀; delta — slope of κ; reference — name of κ₀;
    pivot — E₀ [GeV].
    Errors: ValueError for an unknown reference.
    Validity: where it stays above the Bohm limit.
    """
    return _power_law(momentum, math.log(10.0) * log10_chi + _log_kappa_0(reference, pivot), delta, pivot)


def larmor_radius(momentum: ArrayLike, field: ArrayLike) -> Float[Array, "..."]:
    """Gyroradius r_L = pc/(eB) of a singly charged particle [pc].

    Arguments: momentum — pc [GeV]; field — magnetic field strength [µG].
    """
    dtype = jnp.result_type(float, momentum, field)
    return LARMOR_PC * (jnp.asarray(momentum, dtype) / jnp.asarray(field, dtype))


def bohm(momentum: ArrayLike, field: ArrayLike) -> Float[Array, "..."]:
    """Bohm diffusion coefficient [pc² kyr⁻¹].

    Equation: κ = c r_L/3.
    Arguments: momentum — pc [GeV]; field — magnetic field strength [µG].
    Validity: singly charged particles with β = 1; the least diffusion along a field with δB = B.
    """
    return LIGHT_SPEED / 3.0 * larmor_radius(momentum, field)


class AbstractMedium(eqx.Module):
    """Where particles move: whatever gives a diffusion coefficient."""

    @abstractmethod
    def kappa(self, momentum: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
        """κ [pc² kyr⁻¹] at momenta pc [GeV]."""


_CHI = facts("dex", "log10 of the suppression factor χ = κ/κ₀ at the pivot energy")
_DELTA = facts("", "slope of κ in momentum", least=-20.0, most=20.0)


class SuppressedDiffusion(AbstractMedium):
    """κ = χ κ₀(E₀) (pc/E₀)^δ: a named reference, suppressed by χ at the pivot E₀ [GeV], with a slope of its own."""

    # By `field` itself: with `param` a type checker takes them for fields with a default, which `reference` is not.
    log10_chi: Scalar = eqx.field(converter=gate(_CHI), metadata=_CHI)
    delta: Scalar = eqx.field(converter=gate(_DELTA), metadata=_DELTA)
    reference: str = choice("name of κ₀, the coefficient that χ is a factor on")
    pivot: float = choice("energy at which κ is stated", quantity="GeV", default=10.0)

    def __check_init__(self) -> None:
        reference_law(self.reference)
        _check_pivot(self.pivot)

    def kappa(self, momentum: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
        """κ [pc² kyr⁻¹]."""
        return kappa(momentum, self.log10_chi, self.delta, self.reference, self.pivot)


class PowerLawDiffusion(AbstractMedium):
    """κ = κ(E₀) (pc/E₀)^δ, with κ at the pivot E₀ [GeV] itself as parameter."""

    log10_kappa: Scalar = param("dex(cm2 / s)", "log10 of the diffusion coefficient at the pivot energy")
    delta: Scalar = param("", "slope of κ in momentum")
    pivot: float = choice("energy at which κ is stated", quantity="GeV", default=10.0)

    def __check_init__(self) -> None:
        _check_pivot(self.pivot)

    def kappa(self, momentum: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
        """κ [pc² kyr⁻¹]."""
        log_kappa = math.log(10.0) * (self.log10_kappa - LOG10_CM2_S_PER_PC2_KYR)
        return _power_law(momentum, log_kappa, self.delta, self.pivot)


def _check_pivot(pivot: float) -> None:
    if not pivot > 0.0:
        raise ValueError(
            f"pivot {pivot!r} GeV is not positive; give the momentum at which χ or κ is quoted, such as 10.0"
        )
