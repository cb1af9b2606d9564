"""Where a table looks on the sky: annuli, a circle, a box, or all of it.

Fields are in degrees, or say their unit; what methods take and give is in rad. An offset (north, east) is that of
the region's centre from what shines.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from fitting.tables import gates
from fitting.tables.checks import TableError
from fitting.tables.sphere import Vector
from jaxcrc.observe import sight, sky
from jaxcrc.observe.psf import PSF


class AbstractRegion(ABC):
    """What a table looks through: one bin, or several."""

    shape: ClassVar[str]
    centre: Vector | None

    def __post_init__(self) -> None:
        gates.pass_gates(self, gates.REGION, lambda name, what: TableError(f"{name} of a {self.shape}: {what}"))

    @property
    def bins(self) -> int:
        """How many bins it has."""
        return 1

    @abstractmethod
    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """Solid angle of each bin [sr]."""

    @abstractmethod
    def extent(self, offset: Vector) -> Vector:
        """Smallest scale, and how far from what shines it reaches [rad]. Errors: TableError where it has no end."""

    @abstractmethod
    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column of something round over each bin, after the PSF [rad × density]."""

    @abstractmethod
    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points (north, east of what shines) that each bin catches."""

    @abstractmethod
    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points (north, east of what shines) lie in each bin."""

    @abstractmethod
    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """Radii around what shines at which circles begin or cease to cut an edge [rad]."""

    def rings(self) -> tuple[Float[np.ndarray, " bin"], Float[np.ndarray, " bin"]] | None:
        """Inner and outer radii of bins that are round [rad]; None for what is not."""
        return None

    def cloud_radius(self) -> float:
        """Radius of a region that can hold a cloud [rad], infinite for all of the sky. Errors: TableError."""
        raise TableError(f"a region of shape '{self.shape}' cannot hold a cloud; use a circle or 'total'")

    @abstractmethod
    def words(self) -> str:
        """The region as people read it."""


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
        """π(r_max² − r_min²) [sr]."""
        inner, outer = self.edges()
        return math.pi * (outer**2 - inner**2)

    def extent(self, offset: Vector) -> Vector:
        """The narrowest ring, and the outermost edge [rad]."""
        return math.radians(min(self.r_max - self.r_min)), math.radians(self.r_max[-1]) + math.hypot(*offset)

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over each ring [rad × density]."""
        return sight.annulus_means(nodes, *self.edges(), psf, math.hypot(*offset))

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that each ring catches."""
        away = points - np.asarray(offset)
        inner, outer = ([sky.caught_by_circle(psf, edge, away) for edge in edges] for edges in self.edges())
        return np.asarray(outer) - np.asarray(inner)

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in each ring."""
        away = np.hypot(*(points - np.asarray(offset)).T)
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
        """πr² [sr]."""
        return np.atleast_1d(math.pi * self.cloud_radius() ** 2)

    def extent(self, offset: Vector) -> Vector:
        """A twentieth of its farthest point, and that point [rad]."""
        outer = self.cloud_radius() + math.hypot(*offset)
        return 0.05 * outer, outer

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over the circle [rad × density]."""
        return sight.aperture_mean(nodes, self.cloud_radius(), math.hypot(*offset), psf)

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that the circle catches."""
        return sky.caught_by_circle(psf, self.cloud_radius(), points - np.asarray(offset))[None, :]

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in the circle."""
        return (np.hypot(*(points - np.asarray(offset)).T) < self.cloud_radius())[None, :]

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
class Box(AbstractRegion):
    """A box; with an angle of zero its width runs to the east and its height to the north; it turns north to east."""

    shape: ClassVar[str] = "box"
    width: float
    height: float
    angle: float = 0.0
    centre: Vector | None = None

    def sides(self, offset: Vector) -> tuple[float, float, float, float]:
        """Left, right, bottom and top as seen from what shines, along the box's own axes [rad]."""
        half_width, half_height = 0.5 * math.radians(self.width), 0.5 * math.radians(self.height)
        across, along = (float(value) for value in self.turned(np.asarray(offset)))
        return across - half_width, across + half_width, along - half_height, along + half_height

    def turned(self, vector: Float[np.ndarray, "*point 2"]) -> Float[np.ndarray, "*point 2"]:
        """Vectors (north, east) along the box's width and height."""
        turn = math.radians(self.angle)
        north, east = vector[..., 0], vector[..., 1]
        across = east * math.cos(turn) - north * math.sin(turn)
        return np.stack([across, north * math.cos(turn) + east * math.sin(turn)], axis=-1)

    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """Width × height [sr]."""
        left, right, bottom, top = self.sides((0.0, 0.0))
        return np.array([(right - left) * (top - bottom)])

    def extent(self, offset: Vector) -> Vector:
        """A twentieth of its farthest corner, and that corner [rad]."""
        left, right, bottom, top = self.sides(offset)
        outer = math.hypot(max(-left, right), max(-bottom, top))
        return 0.05 * outer, outer

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over the box [rad × density]."""
        return sight.box_mean(nodes, self.sides(offset), psf)

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that the box catches."""
        left, right, bottom, top = self.sides((0.0, 0.0))
        away = self.turned(points - np.asarray(offset))
        return sky.caught_by_box(psf, (0.5 * (right - left), 0.5 * (top - bottom)), away)[None, :]

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in the box."""
        left, right, bottom, top = self.sides((0.0, 0.0))
        across, along = self.turned(points - np.asarray(offset)).T
        return ((across >= left) & (across < right) & (along >= bottom) & (along < top))[None, :]

    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """Distances of its sides and corners [rad]."""
        left, right, bottom, top = self.sides(offset)
        corners = [math.hypot(x, y) for x in (left, right) for y in (bottom, top)]
        return np.unique(np.abs([left, right, bottom, top, *corners]))

    def words(self) -> str:
        """Shape, sizes and centre."""
        sizes = f"width {self.width:g} deg, height {self.height:g} deg, angle {self.angle:g} deg"
        return f"box {sizes}{at(self.centre)}"


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


def at(centre: Vector | None) -> str:
    """A position as people read it, after a blank; nothing where it is not known."""
    return "" if centre is None else f" RA {centre[0]:g}, Dec {centre[1]:g} deg"
