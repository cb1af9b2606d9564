"""Product integration: matrices [photon, energy] from a kernel and a grid of particle energies.

∫ kernel(E_γ, E) n(E) dE = M @ n(grid). Between two energies of the grid the density is interpolated, E² n by a
polynomial in ln E; what the interpolation leaves is integrated with the exact kernel on Gauss-Legendre panels that end
at the energies of the grid, at the joins of the kernel and at the least energy that makes the photon.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxcrc._types import Energy, Photon, Scalar
from jaxcrc.numerics.quadrature import gauss_intervals, gauss_panels

# Nodes of a polynomial: the two that bound an interval and the next above it, none below. Where a density falls by
# orders of magnitude between two energies, every interval then still contributes a positive number, provided that E² n
# does not rise: on up to six even nodes the Lagrange polynomials L_m obey L_1 ≥ |L_2| and L_3 ≥ |L_4|.
STENCIL = 6
PANEL_NODES = 6
BAND_PANELS = 3
BAND_NODES = 6
# Photons of one compiled call: the same program serves spectra and bands of any number.
BLOCK = 32
# Panels towards the least energy, for kernels that change as fast as 1/(E − E_least) there: each a quarter of the last.
GRADED = tuple(0.25**step for step in range(12))


def product_matrix(
    photon: Photon,
    energy: Energy,
    kernel: Partial,
    least: Partial,
    joins: tuple[float, ...],
    grading: tuple[float, ...] = (),
) -> Float[Array, "photon energy"]:
    """Matrix of ∫ kernel(E_γ, E) n(E) dE from the first to the last energy [unit of kernel × GeV].

    Arguments: photon — photon energies [GeV]; energy — increasing energies of the particles [GeV]; kernel — of
    (photon, energy), which broadcast; least — of photon, the energy [GeV] below which the kernel vanishes; joins —
    energies [GeV] where the kernel is not smooth; grading — distances from the least energy, relative to it, where
    further panels end. Kernel and least are a `Partial`: the numbers bound in it, like the
    joins, may differ from call to call without another compilation.
    Validity: a density with the local slope a = d ln(E² n)/d ln E is interpolated within (a h)⁶/43 of its value, h
    being the spacing in ln E; with lower order in the last four intervals.
    """
    dtype = jnp.result_type(photon, energy)
    photon, energy = photon.astype(dtype), energy.astype(dtype)
    rows = functools.partial(_block, energy=energy, kernel=kernel, least=least, joins=joins, grading=grading)
    shape = (-(-photon.size // BLOCK), BLOCK)
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((photon, energy, kernel, least))):
        return jax.lax.map(rows, jnp.resize(photon, shape)).reshape(-1, energy.size)[: photon.size]
    # On the host, where cutting and joining arrays compiles nothing.
    return jnp.asarray(np.concatenate([rows(block) for block in np.resize(photon, shape)])[: photon.size])


@functools.partial(jax.jit, static_argnames="join")
def band_nodes(low: Photon, high: Photon, join: float) -> tuple[Float[Array, "band node"], Float[Array, "band node"]]:
    """Nodes [GeV] and weights [GeV] of ∫ dE_γ over bands, Gauss-Legendre in ln E_γ on panels.

    Arguments: low, high — edges of the bands [GeV]; join — energy [GeV] at which a panel ends where a band holds it.
    """
    start, stop = jnp.log(low), jnp.log(high)
    fraction = jnp.linspace(0.0, 1.0, BAND_PANELS + 1, dtype=start.dtype)
    edges = start[:, None] + (stop - start)[:, None] * fraction
    middle = jnp.clip(jnp.log(jnp.asarray(join, start.dtype)), start, stop)[:, None]
    edges = jnp.sort(jnp.concatenate([edges, middle], axis=1), axis=1)
    node, weight = _gauss(edges[:, :-1], edges[:, 1:], BAND_NODES)
    photon = jnp.exp(node)
    return photon.reshape(low.size, -1), (weight * photon).reshape(low.size, -1)


@jax.jit
def sum_bands(rows: Float[Array, "photon energy"], weight: Float[Array, "band node"]) -> Float[Array, "band energy"]:
    """Rows of the photons at the nodes of the bands, summed with the nodes' weights."""
    # A product and a sum: a matrix product would lose digits in single precision on a GPU.
    return (rows.reshape(*weight.shape, -1) * weight.astype(rows.dtype)[:, :, None]).sum(axis=1)


@jax.jit
def _block(
    photon: Photon,
    energy: Energy,
    kernel: Partial,
    least: Partial,
    joins: tuple[ArrayLike, ...],
    grading: tuple[ArrayLike, ...],
) -> Float[Array, "photon energy"]:
    """Rows of the matrix for a block of photons."""
    log_energy = jnp.log(energy)
    log_joins = jnp.log(jnp.asarray(joins, energy.dtype))
    edges = jnp.sort(jnp.concatenate([log_energy, jnp.clip(log_joins, log_energy[0], log_energy[-1])]))
    graded = jnp.log1p(jnp.asarray(grading, energy.dtype))
    rows = jax.vmap(lambda one: _row(one, edges, graded, log_energy, kernel, least))(photon)
    return rows * energy**2


def _row(
    photon: Scalar,
    edges: Float[Array, " edge"],
    graded: Float[Array, " grade"],
    log_energy: Energy,
    kernel: Partial,
    least: Partial,
) -> Energy:
    """∫ kernel B_j dE of one photon, where the density is the sum over j of E_j² n_j B_j(E)."""
    first = jnp.log(least(photon))
    if graded.size:
        edges = jnp.sort(jnp.concatenate([edges, jnp.clip(first + graded, log_energy[0], log_energy[-1])]))
    middle = 0.5 * (edges[:-1] + edges[1:])
    cell = jnp.sum(middle[:, None] >= log_energy, axis=1) - 1
    # Panels below the least energy shrink to nothing, the one that holds it to its upper part.
    edges = jnp.maximum(edges, first)
    node, weight = _gauss(edges[:-1], edges[1:], PANEL_NODES)
    particle = jnp.exp(node)
    column, basis = _forward_basis(node, log_energy, cell)
    value = (weight * kernel(photon, particle) / particle)[:, :, None] * basis
    return jnp.zeros_like(log_energy).at[column].add(value.sum(axis=1))


def _forward_basis(
    node: Float[Array, "panel node"], log_energy: Energy, cell: Int[Array, " panel"]
) -> tuple[Int[Array, "panel stencil"], Float[Array, "panel node stencil"]]:
    """Columns of each panel's stencil and its Lagrange polynomials; of lower order where the grid ends."""
    column = cell[:, None] + jnp.arange(STENCIL)
    there = column < log_energy.size
    column = jnp.minimum(column, log_energy.size - 1)
    point = log_energy[column]
    used = _pairs(there)
    gap = jnp.where(used, point[:, :, None] - point[:, None, :], 1.0)
    distance = (node[:, :, None] - point[:, None, :])[:, :, None, :]
    factors = jnp.where(used[:, None], distance / gap[:, None], 1.0)
    return column, jnp.where(there[:, None], jnp.prod(factors, axis=-1), 0.0)


def _pairs(there: Bool[Array, "panel stencil"]) -> Bool[Array, "panel stencil stencil"]:
    """Pairs of different nodes that both lie on the grid."""
    return there[:, :, None] & there[:, None, :] & ~jnp.eye(STENCIL, dtype=bool)


def _gauss(start: Array, stop: Array, count: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on panels, along a new last axis."""
    node, weight = (jnp.asarray(x, start.dtype) for x in gauss_panels((-1.0, 1.0), count))
    half = 0.5 * (stop - start)[..., None]
    return start[..., None] + half * (1.0 + node), half * weight


def sampled_matrix(
    sample: Callable[[Float[np.ndarray, " node"]], Float[np.ndarray, "row node"]],
    energy: Energy,
    joins: tuple[float, ...] = (),
) -> Float[Array, "row energy"]:
    """As `product_matrix`, of a kernel that only the host can give: `sample` takes all nodes [GeV] at once."""
    log_energy = np.log(np.asarray(energy, float))
    edges = np.sort(np.concatenate([log_energy, np.clip(np.log(joins), log_energy[0], log_energy[-1])]))
    edges = edges[np.concatenate([[True], np.diff(edges) > 0.0])]
    node, weight = gauss_intervals(edges[:-1], edges[1:], PANEL_NODES)
    cell = np.searchsorted(log_energy, 0.5 * (edges[:-1] + edges[1:])) - 1
    column, basis = (np.asarray(x) for x in _forward_basis(*map(jnp.asarray, (node, log_energy, cell))))
    value = sample(np.exp(node).ravel()).reshape(-1, *node.shape) * (weight * np.exp(-node))
    rows = np.zeros((value.shape[0], log_energy.size))
    np.add.at(rows.T, column, np.einsum("rpn,pns->rps", value, basis).transpose(1, 2, 0))
    return jnp.asarray(rows * np.exp(2.0 * log_energy), energy.dtype)
