"""One-dimensional finite-volume grids: cell volumes and face areas are the only geometry."""

from __future__ import annotations

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float


def check_faces(faces: object) -> np.ndarray:
    """The face positions as a NumPy array; ValueError unless they increase strictly and bound at least two cells."""
    values = np.asarray(faces, dtype=float)
    if values.ndim != 1 or values.size < 3:
        raise ValueError(f"a grid needs a list of at least 3 faces, got an array of shape {values.shape}")
    if not np.all(np.diff(values) > 0.0):
        raise ValueError(f"faces must increase strictly, got {values[:4]} ...; sort them and drop repeated ones")
    return values


def stretched_faces(n_cells: int, extent: float, edge: float = 1.0, width: float = 0.06) -> np.ndarray:
    """Face positions from 0 to `extent`, crowded around `edge` (unit of `edge`).

    x = edge ± width · sinh ξ with ξ uniform on either side and one face exactly at `edge`: the cells next to it have
    the width `width` · Δξ, those far away the relative width Δξ.

    Errors: ValueError when the edge does not lie inside the grid or there are fewer than 4 cells.
    """
    if n_cells < 4:
        raise ValueError(f"a stretched grid needs at least 4 cells, got {n_cells}")
    if not 0.0 < edge < extent or width <= 0.0:
        raise ValueError(f"need 0 < edge < extent and width > 0, got edge={edge}, extent={extent}, width={width}")
    inner, outer = math.asinh(edge / width), math.asinh((extent - edge) / width)
    n_inner = min(max(round(n_cells * inner / (inner + outer)), 2), n_cells - 2)
    left = edge - width * np.sinh(np.linspace(inner, 0.0, n_inner + 1))
    right = edge + width * np.sinh(np.linspace(0.0, outer, n_cells - n_inner + 1))
    left[0], right[-1] = 0.0, extent
    return np.concatenate([left, right[1:]])


class Grid1D(eqx.Module):
    """Cells between faces; anything done on it is done with `volumes` and `areas`."""

    faces: Float[Array, " face"]
    areas: Float[Array, " face"]
    volumes: Float[Array, " cell"]

    @classmethod
    def tube(cls, faces: object, area: float = 1.0) -> Grid1D:
        """A straight tube of constant cross-section `area`."""
        x = check_faces(faces)
        return cls(jnp.asarray(x), jnp.full(x.size, area), jnp.asarray(area * np.diff(x)))

    @classmethod
    def sphere(cls, faces: object) -> Grid1D:
        """Concentric shells; the faces are radii, the first may be 0. ValueError for a negative radius."""
        r = check_faces(faces)
        if r[0] < 0.0:
            raise ValueError(f"radii of a spherical grid must not be negative, got {r[0]}")
        volumes = 4.0 * math.pi / 3.0 * np.diff(r**3)
        return cls(jnp.asarray(r), jnp.asarray(4.0 * math.pi * r**2), jnp.asarray(volumes))

    @classmethod
    def stretched(
        cls, n_cells: int, extent: float, edge: float = 1.0, width: float = 0.06, geometry: str = "tube"
    ) -> Grid1D:
        """A tube or a sphere on `stretched_faces`. ValueError for any other geometry."""
        makers = {"tube": cls.tube, "sphere": cls.sphere}
        if geometry not in makers:
            raise ValueError(f"unknown geometry {geometry!r}; choose one of {sorted(makers)}")
        return makers[geometry](stretched_faces(n_cells, extent, edge, width))

    @property
    def centres(self) -> Float[Array, " cell"]:
        """Middle of each cell."""
        return 0.5 * (self.faces[1:] + self.faces[:-1])
