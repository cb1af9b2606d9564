"""Boxes on the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from fitting.tables import gates
from fitting.tables.region import SKY, AbstractRegion, at
from fitting.tables.sphere import Vector
from jaxcrc.observe import sight, sky
from jaxcrc.observe.globe import direction, turned
from jaxcrc.observe.psf import PSF


@gates.gated(gates.REGION)
@dataclass(frozen=True)
class Box(AbstractRegion):
    """A box; with an angle of zero its width runs to the east and its height to the north; it turns north to east.

    Its sides are great circles, each at right angles to one of its axes, half its width or height from the centre.
    """

    shape: ClassVar[str] = "box"
    width: float
    height: float
    angle: float = 0.0
    centre: Vector | None = None

    def halves(self) -> tuple[float, float]:
        """Half the width and half the height [rad]."""
        return 0.5 * math.radians(self.width), 0.5 * math.radians(self.height)

    def axes(self) -> Float[np.ndarray, "3 3"]:
        """Unit vectors (north, east, away) along the width, along the height and to the centre."""
        turn = math.radians(self.angle)
        return np.array(
            [[-math.sin(turn), math.cos(turn), 0.0], [math.cos(turn), math.sin(turn), 0.0], [0.0, 0.0, 1.0]]
        )

    def inside(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Float[np.ndarray, "sky side"]:
        """How far inside each side points (north, east of what shines) lie [rad]: right, left, top and bottom."""
        place = turned(direction(points), np.asarray(offset)) @ self.axes().T
        sides = [(sign, axis, half) for axis, half in enumerate(self.halves()) for sign in (1.0, -1.0)]
        sines = [math.sin(half) * place[:, 2] - sign * math.cos(half) * place[:, axis] for sign, axis, half in sides]
        return np.arcsin(np.clip(np.stack(sines, axis=-1), -1.0, 1.0))

    def corners(self, offset: Vector) -> Float[np.ndarray, "4 3"]:
        """Directions (north, east, away) of the corners as seen from what shines, from north to east."""
        half_width, half_height = map(math.tan, self.halves())
        square = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)])
        place = np.concatenate([square * (half_width, half_height), np.ones((4, 1))], axis=1)
        place = place / np.linalg.norm(place, axis=1, keepdims=True)
        return turned(place @ self.axes(), np.asarray(offset), back=True)

    def solid_angles(self) -> Float[np.ndarray, " bin"]:
        """4 arcsin[sin(width/2) sin(height/2)] [sr]."""
        half_width, half_height = self.halves()
        return np.array([4.0 * math.asin(math.sin(half_width) * math.sin(half_height))])

    def extent(self, offset: Vector) -> Vector:
        """A twentieth of its farthest corner, and that corner [rad]."""
        outer = float(np.max(_arcs(self.corners(offset))))
        return 0.05 * outer, outer

    def means(self, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
        """Mean column over the box [rad × density]."""
        corners = self.corners(offset)
        flat = corners[:, :2] / corners[:, 2:]
        return sight.polygon_mean(nodes, flat, self.solid_angles()[0], psf, SKY.distance)

    def caught(self, points: Float[np.ndarray, "sky 2"], psf: PSF, offset: Vector) -> Float[np.ndarray, "bin sky"]:
        """Share of the light of points that the box catches."""
        return sky.caught_by_box(psf, self.inside(points, offset))[None, :]

    def contains(self, points: Float[np.ndarray, "sky 2"], offset: Vector) -> Bool[np.ndarray, "bin sky"]:
        """Whether points lie in the box."""
        right, left, top, bottom = self.inside(points, offset).T
        return ((right > 0.0) & (left >= 0.0) & (top > 0.0) & (bottom >= 0.0))[None, :]

    def kinks(self, offset: Vector) -> Float[np.ndarray, " kink"]:
        """Distances of its sides and corners [rad]."""
        return np.unique([*np.abs(self.inside(np.zeros((1, 2)), offset)[0]), *_arcs(self.corners(offset))])

    def words(self) -> str:
        """Shape, sizes and centre."""
        sizes = f"width {self.width:g} deg, height {self.height:g} deg, angle {self.angle:g} deg"
        return f"box {sizes}{at(self.centre)}"


def _arcs(vector: Float[np.ndarray, "*point 3"]) -> Float[np.ndarray, " *point"]:
    """Angles [rad] of unit vectors from what shines."""
    return np.arctan2(np.hypot(vector[..., 0], vector[..., 1]), vector[..., 2])
