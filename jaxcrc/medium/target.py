"""The gas that is hit: hydrogen density around the source."""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp

from jaxcrc._types import Node, Position, Scalar, param


class AbstractGas(eqx.Module):
    """Density of hydrogen nuclei around the source."""

    @abstractmethod
    def at(self, position: Position) -> Node:
        """Hydrogen density n_H [cm⁻³] at positions [pc] from the source."""


class UniformGas(AbstractGas):
    """The same density everywhere."""

    density: Scalar = param("cm-3", "density of hydrogen nuclei", low=0.0)

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return jnp.broadcast_to(self.density, position.shape[:1])
