"""Cosmic rays in a flux tube: along it, at any place, through rings around the remnant and inside clouds."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import erfc
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Bits, Energy, Position, Scalar
from jaxcrc.numerics.interpolate import monotone_cubic
from jaxcrc.observe.chords import common_area, gaussian_in_disc, joined, lines
from jaxcrc.transport.base import AxialField
from jaxcrc.transport.cloud.rings import content, lean, within

Line = Float[Array, "few cell"]

EDGE = 0.1  # the tube's edge is blurred by this fraction of its radius, so that its derivative exists
TINY = 1.0e-30
_STEPS = np.array([0.2, 0.6, 1.0, 1.5, 3.0, 10.0])  # radii of the tube: panels along it, inside clouds


class TubeField(AxialField):
    """Cosmic rays along the tube at one age, for a few energies; in between, cubics of the logarithms in ln E."""

    log_energy: Float[Array, " few"]  # of the few energies
    place: Line  # |z| of the cells [pc]
    log_density: Line  # of N-weighted density, ln(p/V) [pc⁻³]
    face: Float[Array, "few face"]  # |z| of the faces [pc]
    log_chi: Float[Array, "few face"]
    log_radius: Float[Array, " few"]
    release_time: Float[Array, " few"]  # since the explosion [kyr]
    log_wanted: Energy
    amplitude: Energy
    axis: Float[Array, "3"]
    covering: Scalar
    status: Bits

    def along(self, z: Float[Array, " node"]) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] in the tube at distance |z| [pc] along its axis."""
        few = jax.vmap(lambda x, y: monotone_cubic(x, y, jnp.abs(z)))(self.place, self.log_density)
        inside = jnp.abs(z) < self.place[:, -1:]
        return self.amplitude[:, None] * jnp.exp(self._spread(jnp.where(inside, few, math.log(TINY))))

    def chi(self, z: Float[Array, " node"]) -> Float[Array, "energy node"]:
        """κ/κ₀ at distance |z| [pc] along the tube, to compare with the suppression factors of homogeneous models."""
        few = jax.vmap(lambda x, y: monotone_cubic(x, y, jnp.abs(z)))(self.face, self.log_chi)
        return jnp.exp(self._spread(few))

    def radius(self) -> Energy:
        """R(E), the radius of the tube [pc]: of the remnant when protons of that energy left it."""
        return jnp.exp(self._spread(self.log_radius[:, None])[:, 0])

    def density(self, position: Position) -> Float[Array, "energy node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc] from the remnant, times the covering fraction."""
        z = position @ self.axis
        across = jnp.sqrt(jnp.maximum(jnp.sum(position**2, axis=-1) - z**2, 0.0) + 1.0e-12)
        return self.covering * self.along(z) * inside_tube(across, self.radius()[:, None])

    def narrowest(self, reach: Scalar) -> Scalar:
        """The tube's radius [pc]."""
        return jnp.min(jnp.exp(self.log_radius))

    def rings(self, edges: Float[Array, " edge"], distance: ArrayLike = math.inf) -> Float[Array, "energy ring"]:
        """Mean column of n [GeV⁻¹ cm⁻³ pc] over the rings on the sky between radii [pc] around the remnant.

        Along the tube by the content of its cells, across it by Gauss quadrature: no cell or edge is lost. A tube
        within a degree of the line of sight is taken to lie at one.
        Arguments: edges — angles × distance [pc]; distance — of the remnant [pc]; infinite: rays are parallel.
        """
        nearness = 1.0 / jnp.asarray(distance, edges.dtype)
        slant, cosine = lean(self.axis)
        here = jnp.where(nearness > 0.0, nearness, 1.0)
        on_map = jnp.where(nearness > 0.0, jnp.tan(here * edges) / here, edges)
        chord = jnp.where(nearness > 0.0, 2.0 * jnp.sin(0.5 * here * edges) / here, edges)

        def one(face: Array, log_density: Array, log_radius: Array) -> Array:
            radius = jnp.exp(log_radius)
            sides = [content(face, log_density, nearness, slant, sign * cosine) for sign in (-1.0, 1.0)]
            inside = jax.vmap(lambda edge: within(edge, radius, self.axis, nearness, face, sides))(on_map)
            return jnp.diff(inside) / (math.pi * jnp.diff(chord**2))

        few = jax.vmap(one)(self.face, self.log_density, self.log_radius)
        return self.covering * self.amplitude[:, None] * jnp.exp(self._spread(jnp.log(jnp.maximum(few, TINY))))

    def inside(self, shape: str, centre: Float[Array, "3"], size: Scalar) -> Energy:
        """Mean n over the gas of a cloud [GeV⁻¹ cm⁻³], times the covering fraction: by discs across the tube."""
        z = centre @ self.axis
        rho = jnp.sqrt(jnp.maximum(jnp.sum(centre**2) - z**2, 1e-18 * jnp.sum(centre**2) + TINY))
        radius, reach = self.radius(), size if shape == "ball" else 6.0 * size
        near = z + reach * jnp.asarray([-1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0], z.dtype)
        place, step = lines(joined(near, jnp.exp(jnp.mean(self.log_radius)), _STEPS))
        light = self.covering * step * self.along(place)
        if shape == "ball":
            disc = jnp.sqrt(jnp.maximum(size**2 - (place - z) ** 2, 1e-12 * size**2))
            shared = common_area(rho, radius[:, None], disc)
            return jnp.sum(light * shared, axis=-1) / (4.0 / 3.0 * math.pi * size**3)
        gas = jnp.exp(-((place - z) ** 2) / (2.0 * size**2)) / (math.sqrt(2.0 * math.pi) * size)
        return jnp.sum(light * gas, axis=-1) * gaussian_in_disc(rho, radius, 2.0 * size**2)

    def _spread(self, few: Float[Array, "few node"]) -> Float[Array, "energy node"]:
        return jax.vmap(lambda y: monotone_cubic(self.log_energy, y, self.log_wanted), in_axes=1, out_axes=1)(few)


def inside_tube(across: Array, radius: ArrayLike) -> Array:
    """1 inside the tube, 0 outside, blurred by a tenth of its radius; the cross-section keeps its area."""
    return 0.5 * erfc((across / radius - 1.0) / EDGE) / (1.0 + 0.5 * EDGE**2)
