"""Laws by which released particles thin out with energy, up to a factor; of momentum for protons.

Each ends in a cut-off exp(−(E/E_cut)^β). Names and forms are those of naima (Zabalza 2015).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Scalar, choice, param

Weight: TypeAlias = Callable[[Array, Callable[[Array], Array]], Array]

_ORDER = 24  # Gauss–Legendre nodes on each panel of ln E
_ENDS = (-6.0, -2.0, 0.0, 1.3, 2.6, 4.0)  # 1/β e-folds from the cut-off: panels of a norm
_FADED = 40.0  # the exponent at which the cut-off has left e⁻⁴⁰


class AbstractLaw(eqx.Module):
    """ln N as a function of energy or momentum [GeV], up to a constant."""

    log10_cutoff: eqx.AbstractVar[Scalar]
    sharpness: eqx.AbstractVar[Scalar]

    @abstractmethod
    def log(self, energy: Array) -> Array:
        """ln of the law without its cut-off."""

    def bends(self) -> tuple[Scalar, ...]:
        """Energies at which it bends, but for the cut-off [GeV]."""
        return ()

    def cutoff(self) -> Scalar:
        """E_cut [GeV]."""
        return 10.0 ** (self.log10_cutoff + 3.0)

    def log_law(self, energy: ArrayLike) -> Float[Array, "..."]:
        """ln of the law with its cut-off."""
        energy = jnp.asarray(energy)
        return self.log(energy) - (energy / self.cutoff()) ** self.sharpness

    def farthest(self) -> Scalar:
        """Where the cut-off has left nothing [GeV]."""
        return _FADED ** (1.0 / self.sharpness) * self.cutoff()

    def total(self, low: float, high: ArrayLike, weight: Weight) -> Scalar:
        """∫ weight(E) exp(log_law) d ln E between two energies [GeV], with panels that end where the law bends."""
        ends = [jnp.log(self.cutoff()) + step / self.sharpness for step in _ENDS] + [jnp.log(e) for e in self.bends()]
        first, last = math.log(low), jnp.log(jnp.asarray(high, ends[0].dtype))
        inner = [jnp.clip(end, first, last) for end in ends]
        breaks = jnp.sort(jnp.stack([jnp.full_like(last, first), *inner, last]))
        node, share = (jnp.asarray(part, breaks.dtype) for part in np.polynomial.legendre.leggauss(_ORDER))
        half = 0.5 * jnp.diff(breaks)[:, None]
        energy = jnp.exp(breaks[:-1, None] + half * (1.0 + node))
        return jnp.sum(half * share * weight(energy, self.log_law))


_SHARPNESS = "how sharply it cuts off: exp(−(E/E_cut)^β)"


class CutPowerLaw(AbstractLaw):
    """E^{−α} exp(−(E/E_cut)^β)."""

    index: Scalar = param("", "slope of the released spectrum", low=1.0, high=3.5)
    log10_cutoff: Scalar = param("dex(TeV)", "log10 of the cut-off energy", low=-1.0, high=4.0)
    sharpness: Scalar = param("", _SHARPNESS, low=1.0, high=4.0, default=1.0)

    def log(self, energy: Array) -> Array:
        """−α ln E."""
        return -self.index * jnp.log(energy)


class BrokenPowerLaw(AbstractLaw):
    """(E/E_b)^{−α} below a break, another index above it, and a cut-off."""

    index: Scalar = param("", "slope below the break", low=0.0, high=3.5)
    index_above: Scalar = param("", "slope above the break", low=1.0, high=5.0)
    log10_break: Scalar = param("dex(TeV)", "log10 of the energy of the break", low=-2.0, high=3.5)
    log10_cutoff: Scalar = param("dex(TeV)", "log10 of the cut-off energy", low=-1.0, high=4.0)
    sharpness: Scalar = param("", _SHARPNESS, low=1.0, high=4.0, default=1.0)

    def log(self, energy: Array) -> Array:
        """−α ln(E/E_b)."""
        above = jnp.log(energy / self.bends()[0])
        return -jnp.where(above > 0.0, self.index_above, self.index) * above

    def bends(self) -> tuple[Scalar, ...]:
        """E_b [GeV]."""
        return (10.0 ** (self.log10_break + 3.0),)


class LogParabola(AbstractLaw):
    """(E/E₀)^{−α − β ln(E/E₀)}, and a cut-off."""

    index: Scalar = param("", "slope at the pivot", low=0.0, high=4.0)
    curvature: Scalar = param("", "curvature: half of the slope gained in an e-fold", low=0.0, high=1.0)
    log10_cutoff: Scalar = param("dex(TeV)", "log10 of the cut-off energy", low=-1.0, high=4.0)
    sharpness: Scalar = param("", _SHARPNESS, low=1.0, high=4.0, default=1.0)
    pivot: float = choice("E₀, at which the index is meant", quantity="GeV", default=1000.0)

    def log(self, energy: Array) -> Array:
        """−(α + β ln(E/E₀)) ln(E/E₀)."""
        above = jnp.log(energy / self.pivot)
        return -(self.index + self.curvature * above) * above
