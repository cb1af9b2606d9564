"""Finite volumes in one dimension: fluxes through faces, and the tridiagonal systems they lead to.

    d/dt ∫_cell u dV = −[A F]_outer + [A F]_inner + ∫_cell S dV,        F = −K ∂u/∂x + V u

n cells lie between n + 1 faces. Arrays run along axis 0; any further axes are a batch, which comes last so that
neighbouring memory holds the same cell of neighbouring problems. The innermost face is closed (a symmetry plane or a
centre), beyond the outermost one u = 0.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.grids import Grid1D

Cells = Float[Array, "cell *batch"]
Faces = Float[Array, "face *batch"]


class Tridiagonal(eqx.Module):
    """A tridiagonal matrix, dominated by its diagonal; `lower[0]` and `upper[-1]` are not used."""

    lower: Cells
    diagonal: Cells
    upper: Cells

    def __matmul__(self, x: Cells) -> Cells:
        padded = with_ghosts(x)
        below = self.lower.at[0].set(0.0) * padded[:-2]
        return below + self.diagonal * x + self.upper.at[-1].set(0.0) * padded[2:]

    def transpose(self) -> Tridiagonal:
        shift = jnp.roll
        return Tridiagonal(shift(self.upper, 1, axis=0), self.diagonal, shift(self.lower, -1, axis=0))

    def solve(self, right: Cells) -> Cells:
        """x of A x = right, differentiable in both modes."""
        return jax.lax.custom_linear_solve(
            self.__matmul__, right, lambda _, b: _solve(self, b), lambda _, b: _solve(self.transpose(), b)
        )


def _solve(matrix: Tridiagonal, right: Cells) -> Cells:
    """One system, or any batch on a GPU: LAPACK's or cuSPARSE's solver; a batch on a CPU: elimination side by side."""
    if right.ndim == 1:
        return _library_solve(matrix, right)
    return jax.lax.platform_dependent(matrix, right, cpu=_eliminate, default=_library_solve)


def _library_solve(matrix: Tridiagonal, right: Cells) -> Cells:
    lower, diagonal, upper, b = (jnp.moveaxis(x, 0, -1) for x in (matrix.lower, matrix.diagonal, matrix.upper, right))
    return jnp.moveaxis(jax.lax.linalg.tridiagonal_solve(lower, diagonal, upper, b[..., None])[..., 0], -1, 0)


def _eliminate(matrix: Tridiagonal, right: Cells) -> Cells:
    """Thomas' algorithm: no pivots, every row for the whole batch at once."""

    def forward(carry: tuple[Array, Array], row: tuple[Array, ...]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        lower, diagonal, upper, b = row
        inverse = 1.0 / (diagonal - lower * carry[0])
        new = (upper * inverse, (b - lower * carry[1]) * inverse)
        return new, new

    def backward(x: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        x = row[1] - row[0] * x
        return x, x

    zero = jnp.zeros_like(right[0])
    rows = (matrix.lower, matrix.diagonal, matrix.upper, right)
    _, reduced = jax.lax.scan(forward, (zero, zero), rows)
    return jax.lax.scan(backward, zero, reduced, reverse=True)[1]


def with_ghosts(u: Cells) -> Array:
    """u with a zero before the first and after the last cell."""
    return jnp.pad(u, [(1, 1)] + [(0, 0)] * (u.ndim - 1))


def sides(u: Cells) -> tuple[Faces, Faces]:
    """Values of the cells on the inner and on the outer side of each face; 0 where there is no cell."""
    padded = with_ghosts(u)
    return padded[:-1], padded[1:]


def divergence(flux: Faces) -> Cells:
    """What leaves each cell through its two faces, from `flux` = A F."""
    return flux[1:] - flux[:-1]


def flux_matrix(by_inner: Faces, by_outer: Faces, capacity: Cells) -> Tridiagonal:
    """Matrix of capacity·u + divergence(flux), from the derivatives of the flux with respect to u on either side of
    the face.
    """
    return Tridiagonal(-by_inner[:-1], capacity + by_inner[1:] - by_outer[:-1], by_outer[1:])


def inverse_distances(faces: Faces) -> Faces:
    """1 / (distance between the centres on either side of each face); 0 at the first face, which is closed, and half
    a cell at the last."""
    half = 0.5 * jnp.diff(faces, axis=0)
    inner, outer = sides(half)
    return (1.0 / (inner + outer)).at[0].set(0.0)


def face_weights(faces: Faces) -> tuple[Faces, Faces]:
    """Weights (inner, outer) of the second-order value of u on each face; zero at the first face, which is closed."""
    half_inner, half_outer = sides(0.5 * jnp.diff(faces, axis=0))
    inverse = inverse_distances(faces)
    return half_outer * inverse, half_inner * inverse


def flux_derivatives(grid: Grid1D, diffusion: Faces, velocity: Faces) -> tuple[Faces, Faces]:
    """Derivatives of A F = A (−K ∂u/∂x + V u) with respect to u on the inner and the outer side of each face.

    Second order, V central. Arguments: grid; diffusion K and velocity V on faces.
    """
    conductance = diffusion * inverse_distances(grid.faces)
    inner, outer = face_weights(grid.faces)
    return grid.areas * (conductance + velocity * inner), grid.areas * (velocity * outer - conductance)
