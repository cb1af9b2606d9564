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
_LAST = 12.0  # e-folds from there to the birth itself, within which only what is released changes
_TAIL = 12  # nodes there
_ROUGH = 3e-3  # of the largest release: by how much a smooth one may differ from a polynomial through the nodes
_BENT = 3e-2  # of the latest release: by how much it may differ from a straight line
_BETWEEN = np.convolve(np.polynomial.legendre.leggauss(NODES)[0], [0.5, 0.5], "valid")[::4]  # middles between nodes
_SLOWEST = 1e-20  # of b/E [kyr⁻¹]

Injection = Callable[[Array, Array], Array]
Points = Float[Array, "energy point"]
Extra = Float[Array, "energy extra"]


class Latest(NamedTuple):
    """The latest releases, whose amount per λ² is linear."""

    start: Energy  # at λ² = 0
    stop: Energy
    square: Energy  # λ² [pc²] and look-back time [kyr] at the end
    time: Energy
    core: Scalar | float = 0.0  # squared width of the source, which adds to all λ² [pc²]


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
    square = jnp.where(table.limit[:, None] > 0.0, square, 1.0)  # where there are no particles, of no width else
    return Spread(weight[:, None], square, jnp.broadcast_to(time, square.shape), None)


def widened(spread: Spread, width: Scalar, expansion: Scalar | None = None) -> Spread:
    """The same releases from a Gaussian source: the squared widths of two Gaussians that follow each other add up.

    Arguments: width — σ of the source [pc]; expansion — H of a wind of speed H r, which carries it along [kyr⁻¹].
    """
    core = 2.0 * width**2
    grown = core if expansion is None else core * jnp.exp(2.0 * expansion * spread.time)
    latest = None if spread.latest is None else spread.latest._replace(core=core)
    return spread._replace(square=spread.square + grown, latest=latest)


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


def spread_at(
    history: History, whole: Energy, low: float, high: Energy, v: Points, step: Points, extra: Extra
) -> tuple[Spread, tuple[Extra, Extra]]:
    """Gaussians at nodes v with weights `step`, the latest releases before `low` and the first ones after `high`.

    The first ones share a single point close to the birth of the source.
    Returns: the sum; λ² and release · dy/dv at the extra places v, asked for together with all others.
    """
    unit, gauss = (jnp.asarray(part, whole.dtype) for part in np.polynomial.legendre.leggauss(_TAIL))
    tail = high[:, None] + 0.5 * _LAST * (1.0 + unit)
    places = [jnp.full_like(v[:, :1], low), v, high[:, None], tail, extra]
    rise, slope = rise_and_slope(jnp.concatenate(places, axis=1), whole)
    end = 1 + v.shape[1]
    rise = rise.at[:, end].set(0.5 * (rise[:, end] + whole))
    time, square, release = history.at(rise)
    kappa, loss, energy = history.kappa, history.loss, history.energy
    before = energy * jnp.exp(rise[:, 0])
    start = history.injection(energy, jnp.broadcast_to(history.age, before.shape)) / (4.0 * kappa(energy))
    stop = release[:, 0] * loss(before) / (4.0 * kappa(before) * before)
    share = release * slope
    first = jnp.sum(0.5 * _LAST * gauss * share[:, end + 1 : end + 1 + _TAIL], axis=1, keepdims=True)
    weight = jnp.concatenate([share[:, 1:end] * step, first], axis=1)
    alive = history.table.limit > 0.0
    latest = Latest(jnp.where(alive, start, 0.0), jnp.where(alive, stop, 0.0), square[:, 0], time[:, 0])
    spread = Spread(jnp.where(alive[:, None], weight, 0.0), square[:, 1 : end + 1], time[:, 1 : end + 1], latest)
    return spread, (square[:, end + 1 + _TAIL :], share[:, end + 1 + _TAIL :])


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
    early = jnp.full_like(v[:, :1], low - math.log(2.0))
    extra = jnp.concatenate([early, low + half * (1.0 + jnp.asarray(_BETWEEN, v.dtype))], axis=1)
    spread, between = spread_at(history, whole, low, high, v, half * gauss, extra)
    return spread, _rough(history, whole, spread, half * gauss, extra[:, :1], *between)


def _rough(
    history: History, whole: Energy, spread: Spread, step: Points, early: Array, square: Extra, share: Extra
) -> Bool[Array, " energy"]:
    """Whether a polynomial through the nodes misses the release between them, or a straight line the latest ones."""
    known = spread.weight[:, :-1] / (step * jnp.sqrt(spread.square[:, :-1]))
    found = share[:, 1:] / jnp.sqrt(square[:, 1:])
    basis = jnp.asarray(lagrange_basis(_BETWEEN, NODES), known.dtype)
    off = jnp.max(jnp.abs(found - known @ basis.T), axis=1) > _ROUGH * jnp.max(known, axis=1)
    rise, slope = rise_and_slope(early, whole)
    before = history.energy * jnp.exp(rise[:, 0])
    middle = share[:, 0] / slope[:, 0] * history.loss(before) / (4.0 * history.kappa(before) * before)
    latest = spread.latest
    assert latest is not None
    line = latest.start + (latest.stop - latest.start) * square[:, 0] / latest.square
    bent = jnp.abs(middle - line) > _BENT * jnp.maximum(latest.start, latest.stop)
    table, reach = history.table, (history.table.x + whole)[:, None]
    cut = jnp.any((table.jump < table.edge[-1]) & (table.jump > table.x[:, None]) & (table.jump < reach), axis=1)
    return (off | bent | cut) & (table.limit > 0.0)
