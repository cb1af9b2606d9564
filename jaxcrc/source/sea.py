"""The cosmic rays that fill the Galaxy around us."""

from __future__ import annotations

import math
from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Energy, choice, plain_numbers
from jaxcrc.source.base import AbstractSource
from jaxcrc.source.spectrum import beta, momentum
from jaxcrc.units import LIGHT_SPEED_CM_S

SEAS = ("ams02-dampe",)

# J(R) = C (R/R₀)^−γ, each further triple (R_i, Δ_i, s_i) changing the slope by Δ_i around R_i over a width s_i.
_LEVEL = 0.4208  # C [m⁻² s⁻¹ sr⁻¹ GV⁻¹]
_JOIN = 45.0  # R₀ [GV]
_SLOPE = 2.8165
_HARDENING = (479.6, 0.2526, 0.1189)
_SOFTENING = (13.79e3, 0.3255, 0.06445)
_INTERSTELLAR_LEVEL = 0.91942  # what joins the interstellar form below R₀ to the fit above it
_M2_PER_CM2 = 1.0e-4


def _bend(rigidity: Array, centre: float, change: float, width: float) -> Array:
    """(1 + (R/R_i)^{Δ/s})^s, in logarithms so that large rigidities do not overflow."""
    return jnp.exp(width * jnp.logaddexp(0.0, change / width * jnp.log(rigidity / centre)))


def _measured(kinetic: Array) -> Array:
    """Flux fitted to the measurements above 45 GV [m⁻² s⁻¹ sr⁻¹ GeV⁻¹]; dR/dT = 1/β."""
    rigidity = momentum(kinetic)
    slope = _LEVEL * (rigidity / _JOIN) ** -_SLOPE
    return slope * _bend(rigidity, *_HARDENING) / _bend(rigidity, *_SOFTENING) / beta(kinetic)


def _interstellar(kinetic: Array) -> Array:
    """Flux outside the heliosphere below 45 GV [m⁻² s⁻¹ sr⁻¹ GeV⁻¹]."""
    form = 2700.0 * kinetic**1.12 * beta(kinetic) ** -2.0 * ((kinetic + 0.67) / 1.67) ** -3.93
    return _INTERSTELLAR_LEVEL * form


@plain_numbers
def local_sea(kinetic: ArrayLike) -> Float[Array, "..."]:
    """Density of the local protons, key `ams02-dampe` [GeV⁻¹ cm⁻³].

    Equation: n = 4πJ/(βc), with J above 45 GV a power law in rigidity that hardens at 480 GV and softens at 13.8 TV,
    and below it J = 0.919 × 2700 T^{1.12} β^{−2} ((T + 0.67)/1.67)^{−3.93} m⁻² s⁻¹ sr⁻¹ GeV⁻¹.
    Source: above, a fit made here to AMS-02 (Aguilar et al. 2021, Phys. Rep. 894, 1; within 3.5 %) and DAMPE (2026,
    doi 10.1038/s41586-026-10472-0; within 4.5 % of 0.977 times the fit); below, Vos & Potgieter 2015, coefficients as
    commonly quoted, scaled to join.
    Arguments: kinetic — kinetic energy T [GeV], above zero.
    Validity: outside the heliosphere, up to 300 TeV: the knee is not in it.
    """
    kinetic = jnp.asarray(kinetic, jnp.result_type(float, kinetic))
    flux = jnp.where(momentum(kinetic) < _JOIN, _interstellar(kinetic), _measured(kinetic))
    return 4.0 * math.pi * _M2_PER_CM2 / LIGHT_SPEED_CM_S * flux / beta(kinetic)


class LocalSea(AbstractSource):
    """The local sea as a source that nothing has to transport; without parameters."""

    particle: ClassVar[str] = "proton"

    reference: str = choice("name of the local spectrum", default="ams02-dampe")

    def __check_init__(self) -> None:
        if self.reference not in SEAS:
            raise ValueError(f"unknown cosmic-ray sea {self.reference!r}; known: {', '.join(SEAS)}")

    def __call__(self, kinetic: Energy) -> Energy:
        """Density [GeV⁻¹ cm⁻³]."""
        return local_sea(kinetic)
