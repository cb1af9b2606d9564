"""What a region of the sky is to what shines there: the contract that annuli, circles and boxes keep.

Fields are in degrees, or say their unit; what methods take and give is in rad. An offset (north, east) is that of
the region's centre from what shines: an arc on the sky, and its direction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float

from fitting.tables import gates
from fitting.tables.checks import TableError
from fitting.tables.sphere import Vector
from jaxcrc.observe import sight
from jaxcrc.observe.globe import Globe
from jaxcrc.observe.psf import PSF

SKY = Globe(1.0)


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


def at(centre: Vector | None) -> str:
    """A position as people read it, after a blank; nothing where it is not known."""
    return "" if centre is None else f" RA {centre[0]:g}, Dec {centre[1]:g} deg"
