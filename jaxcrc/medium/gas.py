"""The gas that is hit: hydrogen density around the source."""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node, Position, Scalar, param


class AbstractGas(eqx.Module):
    """Density of hydrogen nuclei around the scene's source, wherever its components are."""

    @abstractmethod
    def at(self, position: Position) -> Node:
        """Hydrogen density n_H [cm⁻³] at positions [pc] from the source."""


class UniformGas(AbstractGas):
    """The same density everywhere."""

    density: Scalar = param("cm-3", "density of hydrogen nuclei", low=0.0)

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return jnp.broadcast_to(self.density, position.shape[:1])


class Bubble(AbstractGas):
    """A remnant's inside and what is around it: one density within a radius, another beyond, joined softly."""

    density: Scalar = param("cm-3", "density of hydrogen nuclei outside", low=0.0)
    inside: Scalar = param("cm-3", "density of hydrogen nuclei inside", low=0.0)
    radius: Scalar = param("pc", "radius of the inside", low=0.0)
    edge: Scalar = param("", "half-width of the passage between the two, in radii", low=0.01, default=0.05)

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        squared = jnp.sum(position**2, axis=-1)
        at_centre = squared == 0.0
        distance = jnp.where(at_centre, 0.0, jnp.sqrt(jnp.where(at_centre, 1.0, squared)))
        outside = 0.5 + 0.5 * jnp.tanh((distance / self.radius - 1.0) / self.edge)
        return self.inside + (self.density - self.inside) * outside


class SeenFrom(AbstractGas):
    """Gas as a component meets it whose place is not the source's: positions count from there."""

    gas: AbstractGas
    place: Float[Array, "3"]

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return self.gas.at(position + self.place)
