"""Implicit march in time of a conserved density u in cells, coupled to a state w on faces, on a grid that may move.

    d/dt (V_i u_i) = −[Φ(u_i, u_{i+1}, w)]_outer + [Φ]_inner + S_i,        dw/dt = G(w, u_i, u_{i+1})   on each face.

Variable-step BDF2 (backward Euler for the first step) with Newton sweeps on u; w is eliminated on each face, so every
sweep solves one tridiagonal system. Derivatives of a step follow from the implicit-function theorem, in both modes,
and pass through the sizes of the steps too; the sweeps themselves are never differentiated, and a reverse pass does
not repeat them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Float

from jaxcrc.numerics.fvm import Cells, Faces, Tridiagonal, divergence, flux_matrix, sides

Scalar = Float[Array, "*batch"]
SAVED = "march_solution"


class Flux(eqx.Module):
    """Flux Φ through each face relative to its motion and the state w, with their derivatives by u on either side of
    the face.
    """

    value: Faces
    by_inner: Faces
    by_outer: Faces
    state: Faces
    state_by_inner: Faces
    state_by_outer: Faces

    def push(self, u_dot: Cells) -> tuple[Faces, Faces]:
        """Change of Φ and w with u."""
        inner, outer = sides(u_dot)
        value = self.by_inner * inner + self.by_outer * outer
        return value, self.state_by_inner * inner + self.state_by_outer * outer


class AbstractSystem(eqx.Module):
    """The physics behind the equations above."""

    @abstractmethod
    def volume(self, time: Scalar) -> Cells:
        """Volumes V of the cells."""

    @abstractmethod
    def source(self, time: Scalar) -> Array:
        """S: what is added to each cell per unit time."""

    @abstractmethod
    def flux(self, time: Scalar, inner: Faces, outer: Faces, rate: Scalar, history: Faces) -> Flux:
        """Φ from u on either side of the faces, with the w of rate·w − history = G. The first face must be closed: Φ
        = 0.
        """


class State(eqx.Module):
    """Two levels in time, and the size proposed for the next step; `inverse_last` is 1 / (size of the last step), 0
    at first.
    """

    time: Scalar
    time_before: Scalar
    inverse_last: Scalar
    next_step: Scalar
    u: Cells
    u_before: Cells
    w: Faces
    w_before: Faces
    escaped: Scalar
    escaped_before: Scalar

    @classmethod
    def start(cls, u: Cells, w: Faces, first_step: Scalar) -> State:
        """At time 0, with nothing escaped through the outer end."""
        zero = jnp.zeros_like(u[0])
        return cls(zero, zero, zero, zero + first_step, u, u, w, w, zero, zero)


class Difference(eqx.Module):
    """BDF2 with variable steps: dx/dt ≈ rate·x − history, history = now·x_now − before·x_before."""

    rate: Scalar
    now: Scalar
    before: Scalar

    @classmethod
    def of(cls, step: Scalar, ratio: Scalar) -> Difference:
        """For a step `ratio` times as long as the last one; ratio 0 gives backward Euler."""
        return cls(
            (1.0 + 2.0 * ratio) / ((1.0 + ratio) * step), (1.0 + ratio) / step, ratio**2 / ((1.0 + ratio) * step)
        )

    def history(self, now: Array, before: Array) -> Array:
        return self.now * now - self.before * before


class Step(eqx.Module):
    """All that one implicit step depends on, apart from the unknown u."""

    system: AbstractSystem
    time: Scalar
    rate: Scalar
    capacity: Cells
    known: Cells
    history: Faces

    def flux(self, u: Cells) -> Flux:
        return self.system.flux(self.time, *sides(u), self.rate, self.history)

    def residual(self, u: Cells, flux: Flux) -> Cells:
        """What is left of the conservation law in each cell."""
        return self.capacity * u - self.known + divergence(flux.value)

    def matrix(self, flux: Flux) -> Tridiagonal:
        """Derivative of the residual."""
        return flux_matrix(flux.by_inner, flux.by_outer, self.capacity)


class Solved(eqx.Module):
    """Solution of one step: u, and what belongs to it on the faces."""

    u: Cells
    flux: Faces
    w: Faces


def _newton(step: Step, guess: Cells, sweeps: int) -> Cells:
    u = guess
    for _ in range(sweeps):
        flux = step.flux(u)
        u = u - step.matrix(flux).solve(step.residual(u, flux))
    return checkpoint_name(u, SAVED)


@eqx.filter_custom_jvp
def _solve(step: Step, guess: Cells, *, sweeps: int) -> Solved:
    """u of residual(u) = 0, by `sweeps` Newton sweeps from `guess`."""
    u = _newton(step, guess, sweeps)
    flux = step.flux(u)
    return Solved(u, flux.value, flux.state)


@_solve.def_jvp
def _solve_jvp(primals: Any, tangents: Any, *, sweeps: int) -> tuple[Solved, Solved]:
    """du = −(∂R/∂u)⁻¹ ∂R: the implicit-function theorem at the solution; the guess has no influence."""
    (step, guess), (step_dot, _) = primals, tangents
    u = _newton(step, guess, sweeps)

    def at_rest(step: Step) -> tuple[Cells, Faces, Faces]:
        flux = step.flux(u)
        return step.residual(u, flux), flux.value, flux.state

    (_, value, state), dots = eqx.filter_jvp(at_rest, (step,), (step_dot,))
    residual_dot, value_dot, state_dot = (jnp.zeros_like(u[0]) if dot is None else dot for dot in dots)
    residual_dot = residual_dot + jnp.zeros_like(u)
    flux = step.flux(u)
    u_dot = -step.matrix(flux).solve(residual_dot)
    by_u = flux.push(u_dot)
    return Solved(u, value, state), Solved(u_dot, value_dot + by_u[0], state_dot + by_u[1])


def advance(system: AbstractSystem, state: State, sweeps: int = 2) -> tuple[State, Difference]:
    """The state one step later (its next step still open), and the difference formula of that step."""
    size = state.next_step
    time, ratio = state.time + size, size * state.inverse_last
    bdf = Difference.of(size, ratio)
    volume, now, before = (system.volume(t) for t in (time, state.time, state.time_before))
    known = bdf.history(now * state.u, before * state.u_before) + system.source(time)
    step = Step(system, time, bdf.rate, bdf.rate * volume, known, bdf.history(state.w, state.w_before))
    new = _solve(step, state.u + ratio * (state.u - state.u_before), sweeps=sweeps)
    escaped = (bdf.history(state.escaped, state.escaped_before) + new.flux[-1]) / bdf.rate
    return State(time, state.time, 1.0 / size, size, new.u, state.u, new.w, state.w, escaped, state.escaped), bdf


Watch = Callable[[Array, Any, State, Difference], tuple[Scalar, Any, Any]]


def march(
    system: AbstractSystem, start: State, watch: Watch, memory: Any, n_steps: int, sweeps: int = 2
) -> tuple[State, Any]:
    """The last state, and what `watch` kept of each step, stacked.

    `watch(index, memory, state, difference)` sees each new state and returns (size of the next step, its new memory,
    anything worth keeping): it is the step controller and the record in one. Steps should grow by less than 2.4 at a
    time, beyond which BDF2 is unstable.

    Arguments: system; start — `State.start`; watch and its first memory; n_steps; sweeps — Newton sweeps per step.
    """
    policy = jax.checkpoint_policies.save_only_these_names(SAVED)

    def body(carry: tuple[State, Any], index: Array) -> tuple[tuple[State, Any], Any]:
        state, memory = carry
        new, difference = advance(system, state, sweeps)
        size, memory, kept = watch(index, memory, new, difference)
        return (eqx.tree_at(lambda s: s.next_step, new, size), memory), kept

    (last, _), kept = jax.lax.scan(
        jax.checkpoint(body, policy=policy, prevent_cse=False), (start, memory), jnp.arange(n_steps)
    )
    return last, kept


def bounded_step(wanted: Scalar, last: Scalar, shrink: float = 0.3, grow: float = 1.6) -> Scalar:
    """The step wanted, held between `shrink` and `grow` times the last one."""
    return jnp.clip(wanted, shrink * last, grow * last)


def next_loss(lost: Scalar, steps_left: Float[Array, ""], until: float = 0.55, power: float = 1.5) -> Scalar:
    """Lost fraction to aim at with the next step: even steps in (lost/until)^{1/power}, as many as are left.

    Small losses get the finer steps, and it does not matter how many steps the start has used up.
    """
    progress = (jnp.maximum(lost, 1.0e-12) / until) ** (1.0 / power)
    return until * (progress + (1.0 - progress) / steps_left) ** power


def fraction_time(level: float, fraction: Array, rate: Array, time: Array) -> tuple[Scalar, Array]:
    """(time at which `fraction` first reaches `level`, whether it does), by a cubic Hermite of ln t in the fraction.

    Slopes are 1/(t · rate). Where the level is never reached the last time is returned.

    Arguments: level; fraction, rate = d fraction/dt and time after each step.
    """
    reached = fraction >= level
    after = jnp.maximum(jnp.argmax(reached, axis=0), 1)
    after = jnp.where(jnp.any(reached, axis=0), after, fraction.shape[0] - 1)

    def around(x: Array) -> Array:
        return jnp.take_along_axis(x, jnp.stack([after - 1, after]), axis=0)

    y, dy, t = around(fraction), around(rate), around(time)
    usable = (y[1] >= level) & (y[1] > y[0]) & jnp.all(dy > 0.0, axis=0)
    span = jnp.where(usable, y[1] - y[0], 1.0)
    slope = span / (t * jnp.where(usable, dy, 1.0))
    s = jnp.where(usable, (level - y[0]) / span, 1.0)
    log_t = jnp.log(t)
    cubic = log_t[0] * (1.0 + 2.0 * s) * (1.0 - s) ** 2 + log_t[1] * s**2 * (3.0 - 2.0 * s)
    cubic = cubic + slope[0] * s * (1.0 - s) ** 2 - slope[1] * s**2 * (1.0 - s)
    return jnp.where(usable, jnp.exp(jnp.where(usable, cubic, 0.0)), t[1]), usable
