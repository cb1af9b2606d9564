"""Scaled equations of cosmic rays and Alfvén waves along a flux tube, on a mesh that rides with the waves.

With x = z/a, τ = κ₀t/a², p = P/P_a, w = I/I₀:

    ∂p/∂τ + v ∂p/∂x = ∂/∂x (w⁻¹ ∂p/∂x)
    ∂w/∂τ + v ∂w/∂x = Π max(−∂p/∂x, 0) − γ (w − 1) − ν (w² − 1)

with p = 1 inside |x| < 1 and w = 1 at τ = 0, no flux through x = 0.
Source: Skilling 1975; Malkov et al. 2013; Nava et al. 2016, in scaled form.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.fvm import divergence, face_weights, sides
from jaxcrc.numerics.grids import stretched_faces
from jaxcrc.numerics.march import AbstractSystem, Flux, State, bounded_step, fraction_time, loss_target, march

Cells = Float[Array, "cell *batch"]
Faces = Float[Array, "face *batch"]
Scalar = Float[Array, "*batch"]

LONGEST_STEP = 1.0e10


class Numbers(eqx.Module):
    """The dimensionless numbers that rule the cloud: coupling Π, wave speed v, damping γ (linear) and ν (∝ I)."""

    coupling: Scalar
    speed: Scalar
    linear: Scalar
    quadratic: Scalar


class Mesh(eqx.Module):
    """Faces x = at_rest + v τ · riding: beyond the edge they move with the waves, inside in proportion to x."""

    at_rest: Array
    riding: Array

    @classmethod
    def stretched(cls, n_cells: int, extent: float, like: Array, width: float=0.06) -> Mesh:
        """Crowded around the edge x = 1, with the precision and the batch axes of `like`."""
        x = jnp.asarray(stretched_faces(n_cells, extent, width=width), like.dtype).reshape(-1, *(1,) * like.ndim)
        return cls(x, jnp.minimum(x, 1.0))

    def faces(self, shift: Scalar) -> Faces:
        return self.at_rest + shift * self.riding


class Tube(AbstractSystem):
    """The equations above for `march`."""

    numbers: Numbers
    mesh: Mesh

    def volume(self, time: Scalar) -> Cells:
        return jnp.diff(self.mesh.faces(self.numbers.speed * time), axis=0)

    def source(self, time: Scalar) -> Array:
        return jnp.zeros_like(time)

    def flux(self, time: Scalar, inner: Faces, outer: Faces, rate: Scalar, history: Faces) -> Flux:
        n = self.numbers
        near, far = sides(0.5 * self.volume(time))
        inverse = (1.0 / (near + far)).at[0].set(0.0)
        slope = (inner - outer) * inverse
        gain = jnp.maximum(history, 0.0) + n.coupling * jnp.maximum(slope, 0.0) + n.linear + n.quadratic
        decay = rate + n.linear
        root = jnp.sqrt(decay**2 + 4.0 * n.quadratic * gain)
        sum_ = decay + root
        resistance = sum_ / (2.0 * gain)
        growth = jnp.where(slope > 0.0, n.coupling * slope, 0.0)
        by_slope = resistance * (1.0 - growth * resistance / root) * inverse
        into, out = self.drift()
        return Flux(slope * resistance + into * inner + out * outer, by_slope + into, out - by_slope, 2.0 * gain / sum_)

    def drift(self) -> tuple[Faces, Faces]:
        """Speed of the waves through the moving faces, v (1 − x) inside the cloud and 0 outside, times the weights of the cells on
        either side (which do not change in time there)."""
        inner, outer = face_weights(self.mesh.at_rest)
        speed = self.numbers.speed * (1.0 - self.mesh.riding)
        return speed * inner, speed * outer


class Record(eqx.Module):
    """What is kept of each step: time τ, lost fraction of |x| < 1, its rate, the fraction beyond the outer end."""

    time: Array
    lost: Array
    rate: Array
    escaped: Array


def inside(tube: Tube, state: State, flux: Flux, position: float = 1.0) -> tuple[Scalar, Scalar]:
    """(content of 0 < x < position, flux out of it); the cut cell is filled linearly with a limited slope."""
    faces = tube.mesh.faces(tube.numbers.speed * state.time)
    left, width = faces[:-1], jnp.diff(faces, axis=0)
    near, far = sides(width)
    inner, outer = sides(state.u)
    slope = 2.0 * (outer - inner) / (near + far)
    part = jnp.clip(position - left, 0.0, width)
    product = slope[1:] * slope[:-1]
    total = jnp.where(product > 0.0, slope[1:] + slope[:-1], 1.0)
    limited = jnp.where(product > 0.0, product / total, 0.0)
    content = jnp.sum(part * (state.u + limited * (part - width)), axis=0)
    wave = tube.numbers.speed * tube.mesh.riding
    lab = flux.value + wave * (inner * far + outer * near) / (near + far)
    share = part / width
    cut = (share > 0.0) & (faces[1:] >= position)
    rate = jnp.sum(jnp.where(cut, share * lab[1:] + (1.0 - share) * lab[:-1], 0.0), axis=0)
    return content, rate


def solve_tube(tube: Tube, n_steps: int, sweeps: int = 2, first_step: float = 1.0e-8, n_aim: int | None = None) -> Record:
    like = tube.numbers.coupling
    ones = jnp.ones_like(like)
    p = jnp.where(tube.mesh.at_rest[1:] <= 1.0, ones, 0.0*ones)
    start = State.start(p, tube.mesh.at_rest * 0.0 + ones, first_step * ones)
    n_aim = n_steps - 10 if n_aim is None else n_aim

    def watch(index: Array, state: State, flux: Flux) -> tuple[Scalar, Record]:
        content, rate = inside(tube, state, flux)
        lost = 1.0 - content
        aim = (loss_target(index + 1, n_aim).astype(like.dtype) - lost) / jnp.maximum(rate, 1e-30)
        wanted = jnp.where(lost < 0.5, aim, 0.05 * state.time)
        size = jnp.minimum(bounded_step(wanted, state.next_step), LONGEST_STEP)
        return size, Record(state.time, lost, rate, state.escaped)

    return march(tube, start, watch, n_steps, sweeps)[1]


def scaled_half_life(numbers: Numbers, n_cells: int = 100, n_steps: int = 250, extent: float = 60.0, sweeps: int = 2,
                     first_step: float = 1e-8, width: float=0.06) -> Scalar:
    tube = Tube(numbers, Mesh.stretched(n_cells, extent, numbers.coupling, width))
    r = solve_tube(tube, n_steps, sweeps, first_step)
    return fraction_time(0.5, r.lost, r.rate, r.time)[0]
