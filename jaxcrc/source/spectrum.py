"""Spectra of released particles, and the kinematics that leads from momentum to kinetic energy.

Spectra are laws in momentum on a grid of kinetic energy, normalised by the energy they release between 1 GeV and 5 PeV
of kinetic energy; below 1 GeV they continue as the same law.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Energy, Scalar, param, plain_numbers
from jaxcrc.units import PROTON_MASS

RELEASE_MIN = 1.0  # [GeV], limits of the kinetic energies counted in the released energy
RELEASE_MAX = 5.0e6

_N_NODES = 64


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


def _shape(kinetic: Array, index: Array, cutoff: Array) -> Array:
    """dN/dT of the law before normalisation."""
    p = momentum(kinetic)
    return jnp.exp(-index * jnp.log(p) - p / cutoff) / beta(kinetic)


def _released_energy(index: Array, cutoff: Array) -> Array:
    """∫ T N dT between the limits, by Gauss–Legendre in ln T."""
    node, weight = np.polynomial.legendre.leggauss(_N_NODES)
    low, high = math.log(RELEASE_MIN), math.log(RELEASE_MAX)
    kinetic = np.exp(0.5 * (high - low) * node + 0.5 * (high + low))
    weight = 0.5 * (high - low) * weight * kinetic**2
    shape = _shape(jnp.asarray(kinetic, index.dtype), index[..., None], cutoff[..., None])
    return jnp.sum(shape * jnp.asarray(weight, index.dtype), axis=-1)


def power_law(kinetic: ArrayLike, index: ArrayLike, cutoff: ArrayLike) -> Float[Array, "..."]:
    """Protons per kinetic energy and released energy [GeV⁻²].

    Equation: N(T) = N(p) dp/dT, N(p) ∝ p^{−α} exp(−pc/E_cut), with ∫ T N dT = 1 from T = 1 GeV to 5 PeV.
    Arguments: kinetic — kinetic energy T [GeV], above zero; index — slope α in momentum; cutoff — E_cut [GeV].
    Validity: the norm holds to 1e-8 for α from 1.5 to 3.5 and E_cut from 100 GeV to 10 PeV. Energies quoted for a law
    in total energy from 1 GeV differ: at α = 2.2 by a factor 1.22, at 2.4 by 1.43.
    """
    dtype = jnp.result_type(float, kinetic, index, cutoff)
    kinetic, index, cutoff = (jnp.asarray(value, dtype) for value in (kinetic, index, cutoff))
    return _shape(kinetic, index, cutoff) / _released_energy(*jnp.broadcast_arrays(index, cutoff))


class AbstractSpectrum(eqx.Module):
    """How the released energy is spread over particles."""

    @abstractmethod
    def __call__(self, kinetic: Energy) -> Energy:
        """Particles per GeV of kinetic energy [GeV] for each GeV released [GeV⁻²]."""


class PowerLaw(AbstractSpectrum):
    """Power law in momentum with an exponential cut-off."""

    index: Scalar = param("", "slope of the released spectrum in momentum", low=1.5, high=3.5)
    log10_cutoff: Scalar = param("dex(TeV)", "log10 of the cut-off energy", low=-1.0, high=4.0)

    def __call__(self, kinetic: Energy) -> Energy:
        """Particles per GeV of kinetic energy for each GeV released [GeV⁻²]."""
        return power_law(kinetic, self.index, 10.0 ** (self.log10_cutoff + 3.0))
