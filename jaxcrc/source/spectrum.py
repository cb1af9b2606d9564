"""Spectra of released particles, and the kinematics that leads from momentum to kinetic energy.

Spectra are laws in momentum on a grid of kinetic energy, normalised by the energy they release between 1 GeV and 5 PeV
of kinetic energy; below 1 GeV they continue as the same law.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Scalar, param, plain_numbers
from jaxcrc.source.laws import AbstractLaw, BrokenPowerLaw, CutPowerLaw, LogParabola
from jaxcrc.units import PROTON_MASS

RELEASE_MIN = 1.0  # [GeV], limits of the kinetic energies counted in the released energy
RELEASE_MAX = 5.0e6


@plain_numbers
def momentum(kinetic: ArrayLike, mass: ArrayLike = PROTON_MASS) -> Float[Array, "..."]:
    """Momentum pc [GeV].

    Equation: pc = √(T(T + 2mc²)).
    Arguments: kinetic — kinetic energy T [GeV], above zero; mass — rest energy mc² [GeV].
    """
    kinetic = jnp.asarray(kinetic, jnp.result_type(float, kinetic))
    return jnp.sqrt(kinetic * (kinetic + 2.0 * mass))


def beta(kinetic: ArrayLike, mass: ArrayLike = PROTON_MASS) -> Float[Array, "..."]:
    """Speed in units of c.

    Equation: β = pc/(T + mc²), which is also d(T)/d(pc).
    Arguments: kinetic — kinetic energy T [GeV], above zero; mass — rest energy mc² [GeV].
    """
    return momentum(kinetic, mass) / (kinetic + mass)


class AbstractSpectrum(eqx.Module):
    """How the released energy is spread over particles."""

    @abstractmethod
    def __call__(self, kinetic: ArrayLike) -> Float[Array, "..."]:
        """Particles per GeV of kinetic energy [GeV] for each GeV released [GeV⁻²]."""


class MomentumLaw(AbstractSpectrum, AbstractLaw):
    """A law in momentum: N(T) = N(p) dp/dT, with ∫ T N dT = 1 from T = 1 GeV to 5 PeV.

    Validity: the norm holds to 1e-8. Energies quoted for a power law in total energy from 1 GeV differ: at an index of
    2.2 by a factor 1.22, at 2.4 by 1.43.
    """

    def __call__(self, kinetic: ArrayLike) -> Float[Array, "..."]:
        """Particles per GeV of kinetic energy for each GeV released [GeV⁻²]."""
        kinetic = jnp.asarray(kinetic)

        def energy(p: Array, log_law: Callable[[Array], Array]) -> Array:
            return (jnp.sqrt(p**2 + PROTON_MASS**2) - PROTON_MASS) * p * jnp.exp(log_law(p))

        low, high = (math.sqrt(end * (end + 2.0 * PROTON_MASS)) for end in (RELEASE_MIN, RELEASE_MAX))
        norm = self.total(low, high, energy)
        return jnp.exp(self.log_law(momentum(kinetic))) / beta(kinetic) / norm


class PowerLaw(CutPowerLaw, MomentumLaw):
    """Power law in momentum with a cut-off."""

    index: Scalar = param("", "slope of the released spectrum in momentum", low=1.5, high=3.5)


class BrokenPowerLawInMomentum(BrokenPowerLaw, MomentumLaw):
    """Power law in momentum that breaks, with a cut-off."""


class LogParabolaInMomentum(LogParabola, MomentumLaw):
    """Log-parabola in momentum, with a cut-off."""
