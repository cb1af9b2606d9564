"""Scaled equations of cosmic rays and Alfvén waves along a flux tube, on a mesh that rides with the waves.

With x = z/a, τ = κ₀t/a², p = P/P_a, w = I/I₀:

    ∂p/∂τ + v ∂p/∂x = ∂/∂x (w⁻¹ ∂p/∂x)
    ∂w/∂τ + v ∂w/∂x = Π max(−∂p/∂x, 0) − γ (w − 1) − ν (w² − 1) − μ (w^{3/2} − 1)

with p = 1 inside |x| < 1 and w = 1 at τ = 0, no flux through x = 0.
Source: Skilling 1975; Malkov et al. 2013; Nava et al. 2016, in scaled form.

The edge of the cloud is a contact that the waves carry outward, so the mesh goes with it: outside nothing moves
relative to the mesh, inside the waves pass it at v (1 − x) where p is smooth. There their own motion relative to the
faces is left out (it changes half-lives by less than 0.1 %).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from jaxcrc.numerics.fvm import face_weights, sides
from jaxcrc.numerics.grids import stretched_faces
from jaxcrc.numerics.march import AbstractSystem, Difference, Flux, State, bounded_step, march, next_loss

Cells = Float[Array, "cell *batch"]
Faces = Float[Array, "face *batch"]
Scalar = Float[Array, "*batch"]

LONGEST_STEP = 1.0e10  # in units of a²/κ₀: far beyond any remnant's age, and safe in single precision


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How finely a cloud is solved.

    cells of a mesh that ends at `extent` (in units of a) and is `width`·Δξ fine at the edge; steps until the half-life
    and some `after` it, each a fraction `late` of the time; Newton `sweeps` per step; the first step in units of
    a²/κ₀; the largest `growth` from one step to the next.
    """

    cells: int = 108
    steps: int = 264
    after: int = 0
    extent: float = 40.0
    width: float = 0.12
    sweeps: int = 2
    first_step: float = 1.0e-8
    growth: float = 1.6
    late: float = 0.05

    def __post_init__(self) -> None:
        if self.cells < 20 or self.steps < 60 or self.sweeps < 1 or self.after < 0:
            raise ValueError(f"a cloud needs at least 20 cells, 60 steps and 1 sweep, got {self}")
        if not (
            self.extent >= 5.0 and 0.0 < self.first_step <= 1.0e-4 and self.width > 0.0 and 1.0 < self.growth < 2.4
        ):
            raise ValueError(f"need extent >= 5, first_step <= 1e-4, width > 0 and 1 < growth < 2.4, got {self}")
        if not 0.0 < self.late <= 0.3:
            raise ValueError(f"late steps must be a fraction of the time between 0 and 0.3, got {self.late}")


DEFAULT_RESOLUTION = Resolution()


class Numbers(eqx.Module):
    """The dimensionless numbers that rule a cloud.

    Coupling Π, wave speed v, and damping: γ constant, ν (∝ I) and, where a Kolmogorov cascade is asked for, μ (∝ √I).
    """

    coupling: Scalar
    speed: Scalar
    linear: Scalar
    quadratic: Scalar
    root: Scalar | None = None


class Mesh(eqx.Module):
    """Faces x = at_rest + v τ · riding: beyond the edge they move with the waves, inside in proportion to x."""

    at_rest: Array
    riding: Array
    width: Array
    width_riding: Array
    inner: int = eqx.field(static=True)  # number of cells that ever lie inside |x| < 1

    @classmethod
    def from_faces(cls, x: Array, inner: int) -> Mesh:
        riding = jnp.minimum(x, 1.0)
        return cls(x, riding, jnp.diff(x, axis=0), jnp.diff(riding, axis=0), inner)

    @classmethod
    def of(cls, resolution: Resolution, like: Array) -> Mesh:
        """Crowded around the edge x = 1, with the precision and the batch axes of `like`."""
        x = stretched_faces(resolution.cells, resolution.extent, 1.0, resolution.width)
        return cls.from_faces(jnp.asarray(x, like.dtype).reshape(-1, *(1,) * like.ndim), int(np.sum(x < 1.0)))

    @classmethod
    def ending(cls, resolution: Resolution, extent: Scalar) -> Mesh:
        """As `of`, but with an outer end for each member of the batch, which may be traced; one third of the cells
        inside.
        """
        width, n_inner = resolution.width, resolution.cells // 3
        inner = jnp.linspace(math.asinh(1.0 / width), 0.0, n_inner + 1, dtype=extent.dtype)
        outer = jnp.linspace(0.0, 1.0, resolution.cells - n_inner + 1, dtype=extent.dtype)[1:]
        inner, outer = (x.reshape(-1, *(1,) * extent.ndim) for x in (inner, outer))
        left = jnp.broadcast_to(1.0 - width * jnp.sinh(inner), (n_inner + 1, *extent.shape)).at[0].set(0.0)
        right = 1.0 + width * jnp.sinh(outer * jnp.arcsinh((extent - 1.0) / width))
        return cls.from_faces(jnp.concatenate([left, right]), n_inner)

    def faces(self, shift: Scalar) -> Faces:
        return self.at_rest + shift * self.riding

    def widths(self, shift: Scalar) -> Cells:
        return self.width + shift * self.width_riding

    def inverse_distances(self, shift: Scalar) -> Faces:
        """1/distance between the centres on either side of each face; 0 at the first, which is closed."""
        at_rest, riding = (sum(sides(0.5 * x)) for x in (self.width, self.width_riding))
        return (1.0 / (at_rest + shift * riding)).at[0].set(0.0)


def wave_level(gain: Faces, decay: Scalar, quadratic: Scalar, root: Scalar | None) -> tuple[Faces, Faces]:
    """(1/w, d gain/dw) for the positive root of quadratic·w² + root·w^{3/2} + decay·w = gain."""
    both = jnp.sqrt(decay**2 + 4.0 * quadratic * gain)
    resistance = (decay + both) / (2.0 * gain)
    if root is None:
        return resistance, both
    # Newton in u = √w from above: the polynomial is convex, so it converges from one side.
    u = jnp.minimum(jax.lax.rsqrt(resistance), jnp.cbrt(gain / jnp.maximum(root, 1e-30)))
    for _ in range(5):
        value = ((quadratic * u + root) * u + decay) * u * u - gain
        u = u - value / (((4.0 * quadratic * u + 3.0 * root) * u + 2.0 * decay) * u)
    return u**-2, decay + 2.0 * quadratic * u * u + 1.5 * root * u


class Tube(AbstractSystem):
    """The equations above for `march`. What passes `wall` (a position in x, at rest) does not come back."""

    numbers: Numbers
    mesh: Mesh
    wall: Scalar | None = None

    def faces(self, time: Scalar) -> Faces:
        return self.mesh.faces(self.numbers.speed * time)

    def volume(self, time: Scalar) -> Cells:
        return self.mesh.widths(self.numbers.speed * time)

    def source(self, time: Scalar) -> Array:
        return jnp.zeros_like(time)

    def flux(self, time: Scalar, inner: Faces, outer: Faces, rate: Scalar, history: Faces) -> Flux:
        n = self.numbers
        inverse = self.mesh.inverse_distances(n.speed * time)
        shared: Array | float = 1.0
        if self.wall is not None:
            inverse, shared = self.before_wall(self.wall, time, inverse)
            outer = shared * outer
        slope = (inner - outer) * inverse
        background = n.linear + n.quadratic + (0.0 if n.root is None else n.root)
        gain = jnp.maximum(history, 0.0) + n.coupling * jnp.maximum(slope, 0.0) + background
        resistance, by_level = wave_level(gain, rate + n.linear, n.quadratic, n.root)
        growing = jnp.where(slope > 0.0, n.coupling, 0.0) / by_level
        by_slope = resistance * (1.0 - growing * slope * resistance) * inverse
        into, out = self.drift()
        return Flux(
            value=slope * resistance + into * inner + out * outer,
            by_inner=by_slope + into,
            by_outer=(out - by_slope) * shared,
            state=1.0 / resistance,
            state_by_inner=growing * inverse,
            state_by_outer=-growing * inverse * shared,
        )

    def before_wall(self, wall: Scalar, time: Scalar, inverse: Faces) -> tuple[Faces, Faces]:
        """(1/distance to the next centre or to the wall where that is nearer, 0 where the wall hides the outer cell,
        else 1).
        """
        near, far = sides(0.5 * self.volume(time))
        faces = self.faces(time)
        cut = ((faces - near < wall) & (faces + far >= wall)).at[0].set(False)
        to_wall = 1.0 / jnp.where(cut, jnp.maximum(wall - (faces - near), 0.05 * near), 1.0)
        return jnp.where(cut, to_wall, inverse), jnp.where(cut, 0.0, 1.0)

    def drift(self) -> tuple[Faces, Faces]:
        """Speed of the waves through the moving faces times the weights of the cells on either side.

        It is v (1 − x) inside the cloud and 0 outside; inside, the mesh only swells, so that the weights stay the same.
        """
        inner, outer = face_weights(self.mesh.at_rest)
        speed = self.numbers.speed * (1.0 - self.mesh.riding)
        return speed * inner, speed * outer


def content(tube: Tube, state: State, position: Scalar | float = 1.0, cells: int | None = None) -> Scalar:
    """∫ p dx over 0 < x < position; the cell that it cuts is filled linearly, with the slope on its inner side.

    That side is smooth even when the cut cell is the last before the cloud's edge.

    Arguments: tube; state; position; cells — the first so many hold all of it, by default the whole mesh.
    """
    shift = tube.numbers.speed * state.time
    left, width, u = (x[:cells] for x in (tube.mesh.faces(shift)[:-1], tube.mesh.widths(shift), state.u))
    rise = 2.0 * jnp.diff(u, axis=0) / (width[1:] + width[:-1])
    slope = jnp.concatenate([jnp.zeros_like(u[:1]), rise])  # no flux through the first face
    part = jnp.clip(position - left, 0.0, width)
    return jnp.sum(part * (u + 0.5 * slope * (part - width)), axis=0)


class Record(eqx.Module):
    """What is kept of each step: τ, the fraction lost from |x| < 1 and its rate, what left the mesh, what `extra`
    adds.
    """

    time: Array
    lost: Array
    rate: Array
    escaped: Array
    extra: Any = None


def march_tube(tube: Tube, resolution: Resolution, extra: Any = None, until: Scalar | None = None) -> Record:
    """The cloud's history, step by step; `extra(tube, state)` may keep more of each.

    With `until`, a scaled time, the steps after the half-life are as long as it takes to end there: between a fifth
    of `late` and three times that.
    """
    ones = jnp.ones_like(tube.numbers.coupling)
    edge = tube.mesh.at_rest
    start = State.start(jnp.where(edge[1:] <= 1.0, ones, 0.0), edge * 0.0 + ones, resolution.first_step * ones)
    n_aim, n_all, late = resolution.steps - 11, resolution.steps + resolution.after, resolution.late

    def watch(index: Array, memory: Any, state: State, difference: Difference) -> tuple[Scalar, Any, Record]:
        lost = 1.0 - content(tube, state, cells=tube.mesh.inner)
        rate = difference.rate * lost - difference.history(*memory)
        target = next_loss(lost, jnp.maximum((n_aim - index).astype(ones.dtype), 10.0))
        growth: Array | float = late
        if until is not None:
            left = jnp.maximum((n_all - 2 - index).astype(ones.dtype), 1.0)
            growth = jnp.clip(jnp.expm1(jnp.log(until / state.time) / left), 0.2 * late, 3.0 * late)
        wanted = jnp.where(lost < 0.5, (target - lost) / jnp.maximum(rate, 1e-30), growth * state.time)
        size = jnp.minimum(bounded_step(wanted, state.next_step, grow=resolution.growth), LONGEST_STEP)
        kept = None if extra is None else extra(tube, state)
        return size, (lost, memory[0]), Record(state.time, lost, rate, state.escaped, kept)

    memory = (jnp.zeros_like(ones), jnp.zeros_like(ones))
    return march(tube, start, watch, memory, n_all, resolution.sweeps)[1]
