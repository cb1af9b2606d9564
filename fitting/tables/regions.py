"""Where a table looks on the sky: annuli, a circle, a box, or all of it.

Fields are in degrees, or say their unit; what methods take and give is in rad. An offset (north, east) is that of
the region's centre from what shines: an arc on the sky, and its direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from fitting.tables import gates
from fitting.tables.box import Box as Box
from fitting.tables.checks import TableError
from fitting.tables.region import SKY as SKY
from fitting.tables.region import AbstractRegion as AbstractRegion
from fitting.tables.region import at as at
from fitting.tables.sphere import Vector
from jaxcrc.observe import sight, sky
from jaxcrc.observe.globe import around
from jaxcrc.observe.psf import PSF


@gates.gated(gates.REGION)
@dataclass(frozen=True, eq=False)
class Annuli(AbstractRegion):
    """Rings around a common centre."""

    shape: ClassVar[str] = "annuli"
    centre: Vector
    r_min: Float[np.ndarray, " bin"]
    r_max: Float[np.ndarray, " bin"]

    @property
    def bins(self) -> int:
        """How many rings there are."""
        return self.r_min.size

    def edges(self) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]]:
        """Inner and outer radii [rad]."""
        return np.deg2rad(self.r_min), np.deg2rad(self.r_max)

    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """2π(cos r_min − cos r_max) [sr]."""
        return SKY.ring(*self.edges())

    def extent(self, offset: Vector) -> Vector:
        """The narrowest ring, and the outermost edge [rad]."""
        return math.radians(min(self.r_max - self.r_min)), math.radians(self.r_max[-1]) + math.hypot(*offset)

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over each ring [rad × density]."""
        return sight.annulus_means(nodes, *self.edges(), psf, math.hypot(*offset), SKY.distance)

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that each ring catches."""
        away = around(points, np.asarray(offset))
        inner, outer = ([sky.caught_by_circle(psf, edge, away) for edge in edges] for edges in self.edges())
        return np.asarray(outer) - np.asarray(inner)

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in each ring."""
        away = np.hypot(*around(points, np.asarray(offset)).T)
        inner, outer = self.edges()
        return (away >= inner[:, None]) & (away < outer[:, None])

    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """Where circles touch the edges [rad]."""
        return _touching(np.concatenate(self.edges()), offset)

    def rings(self) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]]:
        """The rings themselves [rad]."""
        return self.edges()

    def words(self) -> str:
        """Number, edges and centre."""
        return f"{self.bins} from {self.r_min[0]:g} to {self.r_max[-1]:g} deg around{at(self.centre)}"


@gates.gated(gates.REGION)
@dataclass(frozen=True)
class Circle(AbstractRegion):
    """A circle of some radius."""

    shape: ClassVar[str] = "circle"
    radius: float
    centre: Vector | None = None

    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """2π(1 − cos r) [sr]."""
        return np.atleast_1d(SKY.ring(0.0, self.cloud_radius()))

    def extent(self, offset: Vector) -> Vector:
        """A twentieth of its farthest point, and that point [rad]."""
        outer = self.cloud_radius() + math.hypot(*offset)
        return 0.05 * outer, outer

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over the circle [rad × density]."""
        return sight.aperture_mean(nodes, self.cloud_radius(), math.hypot(*offset), psf, SKY.distance)

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that the circle catches."""
        return sky.caught_by_circle(psf, self.cloud_radius(), around(points, np.asarray(offset)))[None, :]

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in the circle."""
        return (np.hypot(*around(points, np.asarray(offset)).T) < self.cloud_radius())[None, :]

    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """Where circles touch the edge [rad]."""
        return _touching(np.array([self.cloud_radius()]), offset)

    def rings(self) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]]:
        """A ring that begins in the centre [rad]."""
        return np.zeros(1), np.array([self.cloud_radius()])

    def cloud_radius(self) -> float:
        """Its radius [rad]."""
        return math.radians(self.radius)

    def words(self) -> str:
        """Shape, size and centre."""
        return f"circle radius {self.radius:g} deg{at(self.centre)}"


@gates.gated(gates.REGION)
@dataclass(frozen=True)
class Total(AbstractRegion):
    """All of the sky: the whole flux of a cloud."""

    shape: ClassVar[str] = "total"
    centre: Vector | None = None

    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """Infinite: what is summed over all of the sky has no mean [sr]."""
        return np.array([math.inf])

    def extent(self, offset: Vector) -> Vector:
        """Errors: TableError, for it has no end."""
        raise TableError("a total flux needs a cloud or a region; give `cloud` or a circle")

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Errors: TableError, as for `extent`."""
        raise TableError("a total flux needs a cloud or a region; give `cloud` or a circle")

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """All of the light."""
        return np.ones((1, len(points)))

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """All points do."""
        return np.ones((1, len(points)), bool)

    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """None: it has no edge."""
        return np.zeros(0)

    def cloud_radius(self) -> float:
        """Infinite [rad]."""
        return math.inf

    def words(self) -> str:
        """Shape, and the centre where it is known."""
        return f"total{at(self.centre)}"


REGIONS: dict[str, type[Circle] | type[Box] | type[Total]] = {cls.shape: cls for cls in (Circle, Box, Total)}
"""The regions of a spectrum, by the name of their shape."""


def _touching(radius: Float[np.ndarray, " edge"], offset: Vector) -> Float[np.ndarray, " kink"]:
    """Distances at which circles around what shines touch circles around an offset."""
    away = math.hypot(*offset)
    return np.unique(np.concatenate([np.abs(radius - away), radius + away]))
