"""Where to ask for cosmic rays inside a cloud, wherever their source lies: nodes and weights that may be traced.

A density is steepest around its source, where it may grow as 1/r. So the nodes lie on shells around the source, closing
in on it and on the edges of the cloud; how much of a shell the cloud holds is known in closed form. Only what is not
round and shines on a cloud from outside is asked for around the cloud's own centre.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node, Position, Scalar
from jaxcrc.numerics.special import mean_decay
from jaxcrc.observe.clouds import cloud_quadrature

Rule = tuple[Position, Node]
Edges = tuple[Scalar, ...]
Polar = tuple[np.ndarray, np.ndarray]

ORDER = 40  # nodes on a panel of shells, where each costs one
FEW = 16  # and where each costs many directions
POLAR, AZIMUTHS = 10, 8
_CORE = 1e-4  # of the cloud's size: nodes close in on the source down to here
_ASIDE = 1e-4, 1e-3  # of the cloud's size: a round source, and any other, is never nearer to the cloud's centre
_FADED = 18.0  # the exponent at which a Gaussian cloud ends around its direction from the source
_NEAREST, _BEFORE, _BEYOND = -10.0, 20.0, 7.0  # ends of the shells through a Gaussian cloud, in its rms


class Shells(NamedTuple):
    """Spheres around a source: their radii [pc] and what they stand for [pc]."""

    radius: Node
    step: Node


def _panels(breaks: Array, order: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights between each two neighbours of a sorted line of breaks."""
    unit, weight = (jnp.asarray(part, breaks.dtype) for part in np.polynomial.legendre.leggauss(order))
    half = 0.5 * jnp.diff(breaks)[:, None]
    return (breaks[:-1, None] + half * (1.0 + unit)).ravel(), (half * weight).ravel()


def _ball_shells(distance: Scalar, size: Scalar, edges: Edges, order: int) -> Shells:
    """Shells through a ball, logarithmic around the source, with breaks where they enter, leave or fill the ball."""
    far, core = distance + size, _CORE * size
    inner = [jnp.zeros_like(far), jnp.abs(distance - size), far, *(jnp.clip(edge, 0.0, far) for edge in edges)]
    place, weight = _panels(jnp.sort(jnp.log1p(jnp.stack(inner) / core)), order)
    return Shells(core * jnp.expm1(place), core * jnp.exp(place) * weight)


def _gaussian_shells(distance: Scalar, size: Scalar, edges: Edges, order: int) -> Shells:
    """Shells through a Gaussian cloud: even where they are wider than it, logarithmic nearer to the source."""
    away = distance / size
    low, high = jnp.maximum(_NEAREST, away - _BEFORE), away + _BEYOND
    ratio = [jnp.maximum(edge / size, math.exp(_NEAREST)) for edge in edges]
    inner = [jnp.clip(x + jnp.log(-jnp.expm1(-x)), low, high) for x in ratio]
    place, weight = _panels(jnp.sort(jnp.stack([low, 0.5 * (low + high), high, *inner])), order)
    return Shells(size * jax.nn.softplus(place), size * jax.nn.sigmoid(place) * weight)


def _ball_caps(
    shells: Shells, distance: Scalar, size: Scalar, polar: Polar
) -> tuple[Float[Array, "shell polar"], Float[Array, "shell polar"]]:
    """Cosines on the part of each shell that lies in a ball, and the share of the ball's gas they stand for."""
    radius, share = shells.radius, _ball_share(shells.radius, distance, size)
    cosine = 1.0 - share[:, None] * jnp.asarray(1.0 - polar[0], radius.dtype)
    return cosine, (3.0 * radius**2 / size**3 * share)[:, None] * jnp.asarray(0.5 * polar[1], radius.dtype)


def _gaussian_caps(
    shells: Shells, distance: Scalar, size: Scalar, polar: Polar
) -> tuple[Float[Array, "shell polar"], Float[Array, "shell polar"]]:
    """Cosines on the part of each shell that lies in a Gaussian cloud, and the share of its gas they stand for."""
    unit, weight = (jnp.asarray(part, shells.radius.dtype) for part in polar)
    away, radius = distance / size, shells.radius[:, None] / size
    spread = jnp.minimum(2.0, _FADED / (radius * away))  # of 1 − cosine
    lag = 0.5 * spread * (1.0 - unit)
    light = jnp.exp(-0.5 * (radius - away) ** 2 - radius * away * lag) * 0.5 * spread * weight
    return 1.0 - lag, math.sqrt(0.5 / math.pi) * radius**2 / size * light


def _ball_share(radius: Node, distance: Scalar, size: Scalar) -> Node:
    """Share of a sphere's area inside a ball whose centre lies at a distance from the sphere's."""
    cap = (size - radius + distance) * (size + radius - distance) / (4.0 * distance * radius)
    return jnp.clip(cap, 0.0, 1.0)


def _ball_gas(radius: Node, distance: Scalar, size: Scalar) -> Node:
    """Share of a ball's gas at a distance r from the source [pc⁻¹]."""
    return 3.0 * radius**2 / size**3 * _ball_share(radius, distance, size)


def _gaussian_gas(radius: Node, distance: Scalar, size: Scalar) -> Node:
    """Share of a Gaussian cloud's gas at a distance r from the source [pc⁻¹].

    √(2/π) r²/σ³ e^{−(r−D)²/2σ²} (1 − e^{−y})/y, y = 2rD/σ².
    """
    x, away = radius / size, distance / size
    return math.sqrt(2.0 / math.pi) / size * x**2 * jnp.exp(-0.5 * (x - away) ** 2) * mean_decay(2.0 * x * away)


SHELLS = {"ball": _ball_shells, "gaussian": _gaussian_shells}
GAS = {"ball": _ball_gas, "gaussian": _gaussian_gas}
CAPS = {"ball": _ball_caps, "gaussian": _gaussian_caps}


class AbstractInside(eqx.Module):
    """How the mean of a component's cosmic rays over the gas of a cloud is taken."""

    @abstractmethod
    def rule(self, centre: Float[Array, "3"], size: Scalar, edges: Edges) -> Rule:
        """Positions from the component [pc] and their weights: ⟨n⟩ = Σ w n.

        Arguments: centre — of the cloud as seen from the component [pc]; size — rms per axis or radius of the cloud
        [pc]; edges — radii around the component at which its density jumps or bends [pc].
        """


class Even(AbstractInside):
    """For what is the same everywhere."""

    def rule(self, centre: Float[Array, "3"], size: Scalar, edges: Edges) -> Rule:
        """The cloud's centre."""
        return centre[None, :], jnp.ones_like(size)[None]


class Spheres(AbstractInside):
    """For what depends on the distance from its source alone: one node for each shell around it.

    Validity: 1e-4 of the mean, and of its derivatives, for densities that are 1/r² or flatter around the source.
    """

    shape: str = eqx.field(static=True)

    def rule(self, centre: Float[Array, "3"], size: Scalar, edges: Edges) -> Rule:
        """Shells around the source."""
        # A source on the cloud's centre is moved by so little that its root has slopes, of any order.
        distance = jnp.sqrt(jnp.sum(centre**2) + (_ASIDE[0] * size) ** 2)
        shells = SHELLS[self.shape](distance, size, edges, ORDER)
        weight = GAS[self.shape](shells.radius, distance, size) * shells.step
        return shells.radius[:, None] * jnp.eye(1, 3, dtype=shells.radius.dtype), weight


class Around(AbstractInside):
    """For what is not round and may lie in the cloud: directions on shells around the source.

    Validity: densities that a polynomial of degree 15 in the polar cosine and 7 azimuths around the direction to the
    cloud's centre follow.
    """

    shape: str = eqx.field(static=True)

    def rule(self, centre: Float[Array, "3"], size: Scalar, edges: Edges) -> Rule:
        """Directions on shells around the source."""
        centre = centre + _ASIDE[1] * size * jnp.eye(1, 3, dtype=size.dtype)[0]
        distance = jnp.sqrt(jnp.sum(centre**2))
        shells = SHELLS[self.shape](distance, size, edges, FEW)
        cosine, weight = CAPS[self.shape](shells, distance, size, np.polynomial.legendre.leggauss(POLAR))
        sine = jnp.sqrt(jnp.maximum(1.0 - cosine**2, 1e-30))
        turn = jnp.asarray(2.0 * np.pi * (np.arange(AZIMUTHS) + 0.5) / AZIMUTHS, size.dtype)
        along = jnp.broadcast_to(cosine[..., None], (*cosine.shape, AZIMUTHS))
        across = [sine[..., None] * jnp.cos(turn), sine[..., None] * jnp.sin(turn)]
        direction = jnp.stack([along, *across], axis=-1) @ _axes(centre)
        position = (shells.radius[:, None, None, None] * direction).reshape(-1, 3)
        return position, jnp.repeat((weight * shells.step[:, None]).ravel() / AZIMUTHS, AZIMUTHS)


class Away(AbstractInside):
    """For what is not round and shines on the cloud from outside: a fixed quadrature around the cloud's centre.

    node, weight — of `cloud_quadrature`; its first axis is turned away from the source.
    """

    node: Position
    weight: Node

    def rule(self, centre: Float[Array, "3"], size: Scalar, edges: Edges) -> Rule:
        """Centre of the cloud + its size × the unit quadrature."""
        return centre + size * (self.node @ _axes(centre)), self.weight


def around_centre(shape: str) -> Away:
    """The quadrature of `cloud_quadrature` for what is not round."""
    node, weight = cloud_quadrature(shape, AZIMUTHS)
    return Away(jnp.asarray(node), jnp.asarray(weight))


def _axes(vector: Float[Array, "3"]) -> Float[Array, "3 3"]:
    """Axes of which the first points along a vector, the second away from us and the third across."""
    # The tiny lengths keep directions defined for a vector along the line of sight, or none at all.
    north, east = vector[0] + 1e-6, vector[1]
    across = jnp.sqrt(north**2 + east**2)
    length = jnp.sqrt(across**2 + vector[2] ** 2)
    north, east, sine, cosine = north / across, east / across, across / length, vector[2] / length
    zero = jnp.zeros_like(length)
    return jnp.array(
        [[sine * north, sine * east, cosine], [-cosine * north, -cosine * east, sine], [-east, north, zero]]
    )
