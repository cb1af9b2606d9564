"""The sky around a source, as an observer sees it from a finite distance: arcs, chords, areas, and other centres.

Lengths on the sky are arcs: angle × distance. An observer infinitely far away sees a plane, where arcs are impact
parameters. With radii as angles (r/d) the distance is 1, and what follows holds for every distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from jaxcrc.numerics.quadrature import Values

FARTHEST = np.deg2rad(60.0)  # from what shines: beyond, the rays would need more than one sheet r(b)
_EDGE = np.deg2rad(80.0)  # of what is tabulated: the light of a PSF's wings

Array = Float[np.ndarray, "*arc"]


@dataclass(frozen=True)
class Globe:
    """The sky at the source's `distance` [length], around the direction to it; infinite: a plane, and parallel rays."""

    distance: float = np.inf

    def impact(self, arc: Values) -> Array:
        """Impact parameter of the ray at an arc: d sin(arc/d)."""
        return self._scaled(np.sin, arc)

    def arc(self, impact: Values) -> Array:
        """Arc at which a ray has an impact parameter, up to 80 deg."""
        return self._scaled(lambda sine: np.arcsin(np.minimum(sine, np.sin(_EDGE))), impact)

    def cosine(self, arc: Values) -> Array:
        """cos(arc/d)."""
        return np.asarray(np.cos(np.asarray(arc, float) / self.distance))

    def chord(self, arc: Values) -> Array:
        """Twice the impact parameter of half an arc: π chord² is the area within it."""
        return self._scaled(lambda angle: 2.0 * np.sin(0.5 * angle), arc)

    def arc_of_chord(self, chord: Values) -> Array:
        """The arc of a chord."""
        return self._scaled(lambda ratio: 2.0 * np.arcsin(0.5 * ratio), chord)

    def ring(self, inner: Values, outer: Values) -> Array:
        """Area between two circles, 2πd²[cos(inner/d) − cos(outer/d)], without loss of digits."""
        inner, outer = np.asarray(inner, float), np.asarray(outer, float)
        return np.asarray(np.pi * self.chord(outer + inner) * self.chord(outer - inner))

    def map(self, arc: Values) -> Array:
        """Distance from the source on the map where great circles are straight lines: d tan(arc/d)."""
        return self._scaled(np.tan, arc)

    def unmap(self, length: Values) -> Array:
        """Arc of a distance on that map."""
        return self._scaled(np.arctan, length)

    def _scaled(self, function: Callable[[np.ndarray], np.ndarray], length: Values) -> Array:
        """d f(length/d); the length itself on a plane."""
        length = np.asarray(length, float)
        return length if np.isinf(self.distance) else np.asarray(self.distance * function(length / self.distance))


def direction(place: Float[np.ndarray, "*point 2"]) -> Float[np.ndarray, "*point 3"]:
    """Unit vectors (north, east, away) of places (north, east) [rad]: an arc from the source, and its direction."""
    place = np.asarray(place, float)
    arc = np.hypot(place[..., 0], place[..., 1])
    return np.concatenate([place * np.sinc(arc / np.pi)[..., None], np.cos(arc)[..., None]], axis=-1)


def place_of(vector: Float[np.ndarray, "*point 3"]) -> Float[np.ndarray, "*point 2"]:
    """(north, east) [rad] of unit vectors."""
    across = np.hypot(vector[..., 0], vector[..., 1])
    arc = np.arctan2(across, vector[..., 2])
    return vector[..., :2] * np.where(across > 0.0, arc / np.where(across > 0.0, across, 1.0), 1.0)[..., None]


def turned(
    vector: Float[np.ndarray, "*point 3"], centre: Float[np.ndarray, "2"], back: bool = False
) -> Float[np.ndarray, "*point 3"]:
    """Vectors as they stand around a centre (north, east) [rad]: turned with it along the great circle to the source.

    Arguments: back — from around the centre to around the source.
    """
    north, east = (float(value) for value in centre)
    arc, turn = np.hypot(north, east), np.arctan2(east, north)
    sine, cosine = np.sin(arc) * (-1.0 if back else 1.0), np.cos(arc)
    along = np.cos(turn) * vector[..., 0] + np.sin(turn) * vector[..., 1]
    across = np.cos(turn) * vector[..., 1] - np.sin(turn) * vector[..., 0]
    moved, away = along * cosine - vector[..., 2] * sine, along * sine + vector[..., 2] * cosine
    plane = np.cos(turn) * moved - np.sin(turn) * across, np.sin(turn) * moved + np.cos(turn) * across
    return np.stack([*plane, away], axis=-1)


def around(place: Float[np.ndarray, "*point 2"], centre: Float[np.ndarray, "2"]) -> Float[np.ndarray, "*point 2"]:
    """Places (north, east) of the source as (north, east) of a centre, both [rad]."""
    return place_of(turned(direction(place), centre))
