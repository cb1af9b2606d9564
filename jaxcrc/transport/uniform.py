"""The sea of cosmic rays: the same everywhere, not transported."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position
from jaxcrc.source.sea import LocalSea
from jaxcrc.transport.base import AbstractField, AbstractTransport, EnergyGrid, Surroundings, Symmetry


class UniformField(AbstractField):
    """n(T), wherever one asks."""

    spectrum: Energy
    status: Bits

    def density(self, position: Position) -> Float[Array, "energy 1"]:
        """n [GeV⁻¹ cm⁻³], one column for all positions."""
        return self.spectrum[:, None]


class Uniform(AbstractTransport[LocalSea, None]):
    """A component that fills all space, such as the sea."""

    sources: ClassVar = (LocalSea,)

    def symmetry(self, source: LocalSea) -> Symmetry:
        """The same everywhere."""
        return Symmetry.UNIFORM

    def solve(self, source: LocalSea, medium: None, energy: EnergyGrid, surroundings: Surroundings) -> UniformField:
        """The Field of the sea."""
        return UniformField(spectrum=source(energy.kinetic), status=jnp.zeros((), int))
