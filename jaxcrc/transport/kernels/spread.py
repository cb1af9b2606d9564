"""What is left of leptons that diffuse while they cool: a sum of Gaussians, for a release at once or over a history.

Energies are total energies. All functions hold for any laws κ(E), b(E) and Q(E, t), and are linear in what is released:
a release counted in other units gives a density in those units.
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
from jaxcrc.numerics.quadrature import lagrange_basis
from jaxcrc.transport.kernels.cooling import Cooling, Law, past, rise_at

NODES = 40
START = 1e-3  # of the scale of ln(E₀/E), below which the release changes linearly in λ²
BIRTH = 9.0  # e-folds by which the nodes close in on the birth of the source
TOP = 2.0  # the same where the particles were never that energetic
_LAST = 18.0  # e-folds from there to the birth itself, within which only what is released changes
_TAIL = 20  # nodes there
_ROUGH = 3e-3  # of the largest release: by how much a smooth one may differ from a polynomial through the nodes
_BENT = 3e-2  # of the latest release: by how much it may differ from a straight line
_SLOWEST = 1e-20  # of b/E [kyr⁻¹]

Injection = Callable[[Array, Array], Array]
Points = Float[Array, "energy point"]


class Latest(NamedTuple):
    """The latest releases, whose amount per λ² is linear."""

    start: Energy  # at λ² = 0
    stop: Energy
    square: Energy  # λ² [pc²] and look-back time [kyr] at the end
    time: Energy


class Spread(NamedTuple):
    """n(E, r) = Σ weight (πλ²)^{−3/2} exp(−r²/λ²) over past releases, plus the latest ones in closed form."""

    weight: Float[Array, "energy release"]
    square: Float[Array, "energy release"]  # λ² [pc²]
    time: Float[Array, "energy release"]  # look-back time [kyr]
    latest: Latest | None


class History(NamedTuple):
    """A release that goes on: total energies [GeV], age [kyr], the laws of `lepton_halo`, and their table."""

    energy: Energy
    age: Scalar
    kappa: Law
    loss: Law
    injection: Injection
    table: Cooling

    def at(self, rise: Points) -> tuple[Points, Points, Points]:
        """Look-back time [kyr], λ² [pc²] and release per ln(E₀/E) of particles that had e^rise times their energy."""
        time, square = past(self.table, rise)
        before = self.energy[:, None] * jnp.exp(rise)
        release = self.injection(before, jnp.maximum(self.age - time, 0.0)) * before / self.loss(self.energy)[:, None]
        return time, square, release

    def oldest(self) -> tuple[Energy, Bool[Array, " energy"]]:
        """ln(E₀/E) at birth, or at the highest energy, and which of the two; 1 where there are no particles at all."""
        whole, born = rise_at(self.table, self.age)
        return jnp.where(self.table.limit > 0.0, whole, 1.0), born


def floored(loss: Law) -> Law:
    """The loss b(E) [GeV kyr⁻¹], kept above zero by a rate that no particle notices."""
    return lambda energy: jnp.maximum(loss(energy), _SLOWEST * energy)


def burst_spread(energy: Energy, time: Scalar, loss: Law, spectrum: Law, table: Cooling) -> Spread:
    """What is left of a burst: one Gaussian for each energy.

    Arguments: energy — total energy [GeV]; time — since the burst [kyr]; loss — b(E) [GeV kyr⁻¹]; spectrum — released
    N(E) [GeV⁻¹]; table — of `cooling` with the same loss.
    """
    idle = time <= 0.0
    rise, inside = rise_at(table, jnp.where(idle, 1.0, time))
    _, square = past(table, rise[:, None])
    before = energy * jnp.exp(rise)
    weight = jnp.where(inside & ~idle, spectrum(before) * loss(before) / loss(energy), 0.0)
    return Spread(weight[:, None], square, jnp.broadcast_to(time, square.shape), None)


def rise_and_slope(v: Points, whole: Energy) -> tuple[Points, Points]:
    """y = ln[(1 + e^v)/(1 + e^{v−Y})] and dy/dv, logarithmic near y = 0 and near Y, even between."""
    drop = -jnp.expm1(-whole)[:, None]
    up = jnp.exp(v - jnp.maximum(v, 0.0))  # e^v and 1 by the larger of the two
    one = jnp.exp(-jnp.maximum(v, 0.0))
    share = up * drop / (one + up * jnp.exp(-whole)[:, None])
    return jnp.minimum(jnp.log1p(share), whole[:, None]), share * one / (one + up)


def ends(whole: Energy, born: Bool[Array, " energy"], start: float = START) -> tuple[float, Energy]:
    """v at which the nodes begin and end; they do not move with what Y depends on."""
    fixed, born = jax.lax.stop_gradient((whole, born))
    return math.log(start), fixed + jnp.where(born, BIRTH, TOP)


def spread_at(history: History, whole: Energy, low: float, high: Energy, v: Points, step: Points) -> Spread:
    """Gaussians at nodes v with weights `step`, the latest releases before `low` and the first ones after `high`."""
    begin = jnp.full_like(v[:, :1], low)
    (rise, slope), last = rise_and_slope(jnp.concatenate([begin, v], axis=1), whole), _last(history, whole, high)
    point = jnp.concatenate([rise, last[0]], axis=1)
    time, square, release = history.at(point)
    before = history.energy * jnp.exp(point[:, 0])
    kappa, loss = history.kappa, history.loss
    start = history.injection(history.energy, jnp.broadcast_to(history.age, before.shape)) / (
        4.0 * kappa(history.energy)
    )
    stop = release[:, 0] * loss(before) / (4.0 * kappa(before) * before)
    weight = jnp.concatenate([release[:, 1:-1] * step * slope[:, 1:], last[1]], axis=1)
    alive = history.table.limit > 0.0
    latest = Latest(jnp.where(alive, start, 0.0), jnp.where(alive, stop, 0.0), square[:, 0], time[:, 0])
    return Spread(jnp.where(alive[:, None], weight, 0.0), square[:, 1:], time[:, 1:], latest)


def _last(history: History, whole: Energy, high: Energy) -> tuple[Points, Points]:
    """A single point close to the birth of the source, and all that was released from v = `high` to birth."""
    unit, gauss = (jnp.asarray(part, whole.dtype) for part in np.polynomial.legendre.leggauss(_TAIL))
    v = high[:, None] + 0.5 * _LAST * (1.0 + jnp.concatenate([-jnp.ones_like(unit[:1]), unit]))
    rise, slope = rise_and_slope(v, whole)
    content = jnp.sum(0.5 * _LAST * gauss * slope[:, 1:] * history.at(rise[:, 1:])[2], axis=1, keepdims=True)
    return 0.5 * (rise[:, :1] + whole[:, None]), content


def history_spread(history: History) -> tuple[Spread, Bool[Array, " energy"]]:
    """What is left of a release that goes on: Gaussians at a fixed number of past times; and where these do not do.

    Equation: ∫ Q(E₀, t − s) (E₀/b(E)) (πλ²)^{−3/2} e^{−r²/λ²} dy over y = ln(E₀/E), from 0 to the energy at birth Y, on
    Gauss–Legendre nodes of v, y = ln[(1 + e^v)/(1 + e^{v−Y})]: logarithmic near both ends, where the kernel and the
    young source change fastest, even between. Below a small y the release per λ² is taken as linear; close to birth
    only what is released changes.
    Returns: the sum; for each energy whether the release, κ or b are so rough that it is off by 1e-3 or more.
    """
    whole, born = history.oldest()
    low, high = ends(whole, born)
    unit, gauss = (jnp.asarray(part, whole.dtype) for part in np.polynomial.legendre.leggauss(NODES))
    half = 0.5 * (high - low)[:, None]
    v = low + half * (1.0 + unit)
    spread = spread_at(history, whole, low, high, v, half * gauss)
    return spread, _rough(history, whole, spread, low, half, v)


def _rough(
    history: History, whole: Energy, spread: Spread, low: float, half: Array, v: Points
) -> Bool[Array, " energy"]:
    """Whether a polynomial through the nodes misses the release between them."""
    nodes = np.polynomial.legendre.leggauss(NODES)[0]
    between = 0.5 * (nodes[1:] + nodes[:-1])
    early = jnp.full_like(v[:, :1], low - math.log(2.0))
    rise, slope = rise_and_slope(
        jnp.concatenate([early, low + half * (1.0 + jnp.asarray(between, v.dtype))], axis=1), whole
    )
    _, square, release = history.at(rise)
    basis = jnp.asarray(lagrange_basis(between, NODES), v.dtype)
    known = spread.weight[:, :-1] / (half * jnp.asarray(np.polynomial.legendre.leggauss(NODES)[1], v.dtype))
    known, found = known / jnp.sqrt(spread.square[:, :-1]), (release * slope / jnp.sqrt(square))[:, 1:]
    off = jnp.max(jnp.abs(found - known @ basis.T), axis=1) > _ROUGH * jnp.max(known, axis=1)
    before = history.energy * jnp.exp(rise[:, 0])
    middle = release[:, 0] * history.loss(before) / (4.0 * history.kappa(before) * before)
    latest = spread.latest
    assert latest is not None
    line = latest.start + (latest.stop - latest.start) * square[:, 0] / latest.square
    bent = jnp.abs(middle - line) > _BENT * jnp.maximum(latest.start, latest.stop)
    table, reach = history.table, (history.table.x + whole)[:, None]
    cut = jnp.any((table.jump < table.edge[-1]) & (table.jump > table.x[:, None]) & (table.jump < reach), axis=1)
    return (off | bent | cut) & (table.limit > 0.0)
