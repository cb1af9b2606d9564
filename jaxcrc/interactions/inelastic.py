"""Proton-proton inelastic cross-section."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxcrc import units
from jaxcrc._types import as_parameter

# Kinetic energy of a proton that can just make a neutral pion on a proton at rest, 2 m_π + m_π²/(2 m_p) [GeV].
PION_THRESHOLD = 2.0 * units.PION_MASS + units.PION_MASS**2 / (2.0 * units.PROTON_MASS)


def inelastic_cross_section(energy: ArrayLike) -> Array:
    """Inelastic proton-proton cross-section [mb].

    σ = (30.7 − 0.96 L + 0.18 L²) [1 − (T_th/T)^1.9]³, L = ln(T/T_th); zero at and below the pion threshold T_th.

    Source: Kafexhiu et al. 2014, Phys. Rev. D 90, 123014, Eq. 1.
    Arguments: energy — kinetic energy of the proton [GeV].
    Validity: from the threshold to about 1e8 GeV.
    """
    energy = as_parameter(energy)
    above = energy > PION_THRESHOLD
    log = jnp.log(jnp.where(above, energy, 2.0 * PION_THRESHOLD) / PION_THRESHOLD)
    sigma = (30.7 - 0.96 * log + 0.18 * log**2) * (-jnp.expm1(-1.9 * log)) ** 3
    return jnp.where(above, sigma, 0.0)
