"""The gas that is hit: hydrogen density around the source."""

from __future__ import annotations

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.core import Tracer
from jaxtyping import Float

from jaxcrc._types import Front, Node, Position, Scalar, param


class AbstractGas(eqx.Module):
    """Density of hydrogen nuclei around the scene's source, wherever its components are."""

    @abstractmethod
    def at(self, position: Position) -> Node:
        """Hydrogen density n_H [cm⁻³] at positions [pc] from the source."""

    def fronts(self) -> tuple[Front, ...]:
        """Radii around the source at which the density jumps or bends, and widths as shares of them."""
        return ()


class UniformGas(AbstractGas):
    """The same density everywhere."""

    density: Scalar = param("cm-3", "density of hydrogen nuclei", low=0.0)

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return jnp.broadcast_to(self.density, position.shape[:1])


class Bubble(AbstractGas):
    """A remnant's inside and what is around it: one density within a radius, another beyond."""

    density: Scalar = param("cm-3", "density of hydrogen nuclei outside", low=0.0)
    inside: Scalar = param("cm-3", "density of hydrogen nuclei inside", low=0.0)
    radius: Scalar = param("pc", "radius of the inside", low=0.0)
    edge: Scalar = param("", "half-width of the passage between the two, in radii; 0 is a step", low=0.0, default=0.05)

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return self.inside + (self.density - self.inside) * _beyond(position, self.radius, self.edge)

    def fronts(self) -> tuple[Front, ...]:
        """The radius of the inside."""
        return (Front(self.radius, self.edge),)


class SweptShell(AbstractGas):
    """A shell of gas that was swept up, what is left inside of it, and the gas around it.

    Source: the shells and clouds around remnants of Ohira et al. 2011.
    Errors: ValueError for a shell whose inner radius is not below its outer one.
    """

    density: Scalar = param("cm-3", "density of hydrogen nuclei beyond the shell", low=0.0)
    shell: Scalar = param("cm-3", "density of hydrogen nuclei in the shell", low=0.0)
    radius_inner: Scalar = param("pc", "radius at which the shell begins", low=0.0)
    radius_outer: Scalar = param("pc", "radius at which the shell ends", low=0.0)
    inside: Scalar = param("cm-3", "density of hydrogen nuclei inside of the shell", low=0.0, default=0.0)
    edge: Scalar = param("", "half-width of the passages at both radii, in radii; 0 is a step", low=0.0, default=0.0)

    def __check_init__(self) -> None:
        known = not any(isinstance(radius, Tracer) for radius in (self.radius_inner, self.radius_outer))
        if known and not self.radius_inner < self.radius_outer:
            raise ValueError(
                f"the shell begins at radius_inner = {float(self.radius_inner):g} pc and ends at radius_outer = "
                f"{float(self.radius_outer):g} pc: give an inner radius below the outer one"
            )

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        in_shell = _beyond(position, self.radius_inner, self.edge)
        around = _beyond(position, jnp.maximum(self.radius_inner, self.radius_outer), self.edge)
        return self.inside + (self.shell - self.inside) * in_shell + (self.density - self.shell) * around

    def fronts(self) -> tuple[Front, ...]:
        """Both radii."""
        return Front(self.radius_inner, self.edge), Front(self.radius_outer, self.edge)


def _beyond(position: Position, radius: Scalar, edge: Scalar) -> Node:
    """0 within a radius, 1 beyond, joined by a tanh of some half-width [radii]; one of 0 is a step."""
    squared = jnp.sum(position**2, axis=-1)
    at_centre = squared == 0.0
    distance = jnp.where(at_centre, 0.0, jnp.sqrt(jnp.where(at_centre, 1.0, squared)))
    soft = 0.5 + 0.5 * jnp.tanh((distance / radius - 1.0) / jnp.where(edge > 0.0, edge, 1.0))
    return jnp.where(edge > 0.0, soft, jnp.where(distance > radius, 1.0, 0.0))


class SeenFrom(AbstractGas):
    """Gas as a component meets it whose place is not the source's: positions count from there."""

    gas: AbstractGas
    place: Float[Array, "3"]

    def at(self, position: Position) -> Node:
        """n_H [cm⁻³]."""
        return self.gas.at(position + self.place)
