"""How particles that lose energy got where they are: for each observed energy, the energies they had before.

With x = ln E, the look-back time is s = ∫ (E/b) dx and the square of the diffusion length λ² = ∫ (4κE/b) dx, both from
the observed energy up to the earlier one. The integrands are tabulated once on cells of constant width in x, cut where
they jump, as polynomials through the four Gauss–Lobatto points of each cell; the cell that holds an observed energy
gets a polynomial of its own that starts there, so that small steps back lose no digits, in single precision too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from jaxcrc._types import Energy, Scalar
from jaxcrc.numerics.breaks import choose, close_in, most_abrupt
from jaxcrc.numerics.special import horner

Law = Callable[[Array], Array]  # of energy [GeV]

CELLS = 288
JUMPS = 4  # of κ or b that are cut out, the highest first
_JUMP = 0.02  # of ln(E/b) or ln(κE/b) from one end of a cell to the other: what is less is no jump
_LOBATTO = np.array([0.0, 0.5 - 0.5 / np.sqrt(5.0), 0.5 + 0.5 / np.sqrt(5.0), 1.0])
# Values at the Lobatto points -> coefficients of u, u², u³, u⁴ of the integral from 0 to u.
_INTEGRATE = np.linalg.inv(np.vander(_LOBATTO, increasing=True)).T / np.arange(1.0, 5.0)
_NEWTON_STEPS = 5


class Cooling(NamedTuple):
    """Integrals over ln E from each observed energy upwards, ready to be asked."""

    x: Energy  # ln E
    limit: Energy  # how far ln E may rise: no particle was ever more energetic
    width: Energy  # of the first cell, which starts at the observed energy
    first: tuple[Float[Array, "energy 4"], Float[Array, "energy 4"]]  # its coefficients, of s and of λ²
    end: Array  # index of the edge at which the first cell ends
    edge: Float[Array, " edge"]  # of the common cells, in ln E
    size: Float[Array, " cell"]
    step: Scalar  # of the cells before they were cut
    jump: Float[Array, " jump"]  # where they were cut; at their end where nothing jumps
    above: tuple[Float[Array, " edge"], Float[Array, " edge"]]  # the integrals from each edge to the top
    below: tuple[Float[Array, " edge"], Float[Array, " edge"]]  # and from the lowest edge to each
    cell: tuple[Float[Array, "cell 4"], Float[Array, "cell 4"]]
    stretch: Energy  # what turns common λ² into that of the observed energy: 1 without expansion


def cooling(
    energy: Energy, kappa: Law, loss: Law, energy_max: float | Array, expansion: Scalar | None = None
) -> Cooling:
    """Tables of s and λ² from each energy up to `energy_max`.

    Equation: s = ∫ dE/b, λ² = 4 ∫ κ e^{2Hs}/b dE.
    Source: Atoyan, Aharonian & Völk 1995, Phys. Rev. D 52, 3265 (after Syrovatskii 1959); the expansion by substitution
    of comoving coordinates.
    Arguments: energy — total energy [GeV], in any order; kappa — κ(E) [pc² kyr⁻¹]; loss — b(E) [GeV kyr⁻¹], positive,
    with the H E that an expansion takes; energy_max — no particle was ever above it [GeV]; expansion — H of a wind of
    speed H r [kyr⁻¹], none by default.
    Validity: κ and b smooth on the scale of a tenth of a decade, but for up to four jumps that lie farther apart.
    """

    def rates(x: Array) -> tuple[Array, Array]:
        value = jnp.exp(x)
        slow = value / loss(value)
        return slow, 4.0 * kappa(value) * slow

    unit, integrate = jnp.asarray(_LOBATTO, energy.dtype), jnp.asarray(_INTEGRATE, energy.dtype)
    x, ceiling = jnp.log(energy), jnp.log(jnp.asarray(energy_max, energy.dtype))
    low, top = jax.lax.stop_gradient((jnp.min(x), jnp.maximum(ceiling, jnp.max(x) + 1.0)))
    step = (top - low) / CELLS
    even = low + step * jnp.arange(CELLS + 1)
    jump = _jumps(rates, even)
    edge = jnp.sort(jnp.concatenate([even, jump]))
    size = jnp.diff(edge)
    slow, far = rates(_points(edge[:-1], size, unit))
    times = _matmul(slow, integrate) * size[:, None]
    above = _from_top(times)
    end = _first_edge(x, low, step, edge, jump)
    width = edge[end] - x
    slow_first, far_first = rates(_points(x, width, unit))
    first = _matmul(slow_first, integrate) * width[:, None]
    stretch = jnp.ones_like(x)
    if expansion is not None:
        far_first = far_first * jnp.exp(2.0 * expansion * _within(first[:, None, :], unit))
        far = far * jnp.exp(-2.0 * expansion * (above[:-1, None] - _within(times[:, None, :], unit)))
        stretch = jnp.exp(2.0 * expansion * (above[end] + jnp.sum(first, axis=-1)))
    squares = _matmul(far, integrate) * size[:, None]
    cells, firsts = (times, squares), (first, _matmul(far_first, integrate) * width[:, None])
    aboves, belows = (above, _from_top(squares)), (_from_below(times), _from_below(squares))
    limit = jnp.maximum(ceiling - x, 0.0)
    return Cooling(x, limit, width, firsts, end, edge, size, step, jump, aboves, belows, cells, stretch)


def _points(start: Array, size: Array, unit: Array) -> Array:
    """The Gauss–Lobatto points of cells, drawn in by so little that an end at a jump lies on its own side."""
    inner = unit + 0.1 * float(jnp.finfo(unit.dtype).eps) ** 0.5 * (0.5 - unit)
    return start[:, None] + size[:, None] * inner


def _jumps(rates: Callable[[Array], tuple[Array, Array]], edge: Array) -> Float[Array, " jump"]:
    """Where E/b or κE/b jump between the edges of even cells; the last edge where they do not."""

    def law(x: Array) -> Array:
        slow, far = rates(x)
        return jnp.log(slow) + math.sqrt(2.0) * jnp.log(far)  # no jump of one is made good by the other

    index, height = most_abrupt(jax.lax.stop_gradient(law(edge)), JUMPS)
    found = height > _JUMP
    place = choose(jnp.any(found), lambda: close_in(law, edge[index], edge[index + 1]), lambda: edge[index])
    return jnp.where(found, place, edge[-1])


def _first_edge(x: Energy, low: Scalar, step: Scalar, edge: Array, jump: Array) -> Array:
    """Index of the edge at which the first cell of each energy ends: half to 1.5 cells above it, or at a jump."""
    usual = jnp.clip(jnp.floor((x - low) / step + 1.5), 1, CELLS)
    place = jnp.minimum(low + step * usual, edge[-1])
    ahead = jnp.where(jump > x[:, None], jump, jnp.inf)
    nearest = jnp.min(ahead, axis=-1)
    before = jnp.sum(jump < jnp.minimum(nearest, place)[:, None], axis=-1)
    return jnp.where(nearest < place, jnp.searchsorted(edge, nearest), usual.astype(int) + before)


def _matmul(values: Array, matrix: Array) -> Array:
    return jnp.matmul(values, matrix, precision=jax.lax.Precision.HIGHEST)


def _from_top(coefficients: Array) -> Array:
    """Integral from each edge to the last one."""
    total = jnp.cumsum(jnp.sum(coefficients, axis=-1)[::-1])[::-1]
    return jnp.append(total, jnp.zeros(1, total.dtype))


def _from_below(coefficients: Array) -> Array:
    """Integral from the lowest edge to each."""
    total = jnp.cumsum(jnp.sum(coefficients, axis=-1))
    return jnp.append(jnp.zeros(1, total.dtype), total)


def _between(table: Cooling, which: int, index: Array) -> Array:
    """Integral from the end of the first cell to the edges of an index, by the smaller of the two sums to it.

    Where an expansion outdoes the cooling, most of λ² lies at the highest energies: the sum from the top would leave no
    digits of the difference below.
    """
    (above, below), end = (table.above[which], table.below[which]), table.end[:, None]
    return jnp.where(above[end] < below[index], above[end] - above[index], below[index] - below[end])


def _within(coefficients: Array, u: Array) -> Array:
    """Integral from the start of a cell to the share u of it."""
    return u * horner([coefficients[..., k] for k in range(4)], u)


def past(table: Cooling, rise: Float[Array, "energy point"]) -> tuple[Array, Array]:
    """Look-back time [kyr] and λ² [pc²] at which a particle had e^rise times its observed energy; both [energy, point].

    Arguments: table — of `cooling`; rise — ln(E₀/E) ≥ 0.
    """
    near = rise < table.width[:, None]
    place = table.x[:, None] + rise
    even = jnp.clip(jnp.floor((place - table.edge[0]) / table.step).astype(int), 0, CELLS - 1)
    below, above = table.edge[0] + table.step * even, table.edge[0] + table.step * (even + 1)
    index = even
    for jump in table.jump:
        passed = (jump < table.edge[-1]) & (place > jump)
        index = index + passed
        below = jnp.where(passed, jnp.maximum(below, jump), below)
        above = jnp.where(passed, above, jnp.minimum(above, jump))
    index = jnp.maximum(index, table.end[:, None])
    size = jnp.maximum(above - below, 1e-6 * table.step)
    share = jnp.where(near, rise / table.width[:, None], (place - below) / size)

    def integral(which: int, stretch: Array | None) -> Array:
        first = table.first[which]
        common, cell = _between(table, which, index), table.cell[which][index]
        if stretch is not None:
            common, cell = stretch * common, cell * stretch[..., None]
        base = jnp.sum(first, axis=-1)[:, None] + common
        coefficients = jnp.where(near[..., None], first[:, None, :], cell)
        return jnp.where(near, 0.0, base) + _within(coefficients, share)

    return integral(0, None), integral(1, table.stretch[:, None])


def rise_at(table: Cooling, time: Scalar | Energy) -> tuple[Energy, Bool[Array, " energy"]]:
    """ln(E₀/E) of the particles that were released a time ago, and whether they were within the table then.

    Where they would have been above the highest energy, the rise to that is given instead.
    Arguments: table — of `cooling`; time — look-back time [kyr], above zero, for all energies or for each.
    """
    first, (above, _), (cell, _) = table.first[0], table.above, table.cell
    whole = jnp.sum(first, axis=-1)
    at_edge = whole[:, None] + above[table.end][:, None] - above[None, :]
    beyond = jnp.arange(table.edge.size) >= table.end[:, None]
    passed = jnp.sum(beyond & (at_edge < jnp.reshape(time, (-1, 1))), axis=-1)
    index = table.end + passed - 1
    near, inside = passed == 0, index < table.size.size
    index = jnp.where(inside, jnp.maximum(index, 0), 0)
    coefficients = jnp.where(near[:, None], first, cell[index])
    rest = time - jnp.where(near, 0.0, whole + above[table.end] - above[index])
    rest = jnp.where(inside, rest, 0.5 * jnp.sum(coefficients, axis=-1))
    share = jax.lax.stop_gradient(_share(coefficients, rest))
    slope = horner([(k + 1.0) * coefficients[..., k] for k in range(4)], share)
    share = share - (_within(coefficients, share) - rest) / jax.lax.stop_gradient(slope)
    rise = jnp.where(near, share * table.width, table.edge[index] - table.x + share * table.size[index])
    inside = inside & (rise < table.limit)
    return jnp.where(inside, rise, table.limit), inside


def _share(coefficients: Array, rest: Array) -> Array:
    """The share of a cell after which its integral reaches `rest`."""
    share = jnp.clip(rest / jnp.sum(coefficients, axis=-1), 0.0, 1.0)
    for _ in range(_NEWTON_STEPS):
        slope = horner([(k + 1.0) * coefficients[..., k] for k in range(4)], share)
        share = jnp.clip(share - (_within(coefficients, share) - rest) / slope, 0.0, 1.0)
    return share
