"""What the tests of clouds share: scaled numbers, the history of a cloud, and the error of its exact invariant."""

import functools

import jax
import jax.numpy as jnp

from jaxcrc.transport.cloud.halflife import HalfLife, scaled_half_life
from jaxcrc.transport.cloud.tube import Mesh, Numbers, Tube, march_tube


def numbers(*values, dtype=float):
    """Π, v, γ, ν and, if given, μ."""
    return Numbers(*(jnp.asarray(x, dtype) for x in values))


ROOM = 24
_solve = jax.jit(scaled_half_life)


def scaled(*columns):
    """Scaled half-lives of up to 24 clouds, {Π, v, γ, ν} each a column: one compiled program for them all."""
    rows = jnp.stack([jnp.asarray(c, float) for c in columns])
    size = rows.shape[1]
    result = _solve(numbers(*jnp.pad(rows, ((0, 0), (0, ROOM - size)), mode="edge")))
    return HalfLife(result.time[:size], result.reached[:size])


def half_lives(*cases):
    """Half-lives [kyr] of (Cloud, radius, energy), with the same program; all must be reached."""
    found = [cloud.numbers(jnp.asarray(float(r)), jnp.asarray(float(e))) for cloud, r, e in cases]
    columns = zip(*(jax.tree.leaves(n) for n, _ in found), strict=True)
    result = scaled(*(jnp.stack(c) for c in columns))
    assert bool(jnp.all(result.reached == 1.0))
    return result.time * jnp.stack([unit for _, unit in found])


@functools.partial(jax.jit, static_argnums=1)
def history(n, resolution):
    """Faces, p and w of each step, with the record."""
    tube = Tube(n, Mesh.of(resolution, n.coupling))

    def keep(tube, state):
        return tube.faces(state.time), state.u, state.w

    return march_tube(tube, resolution, keep)


def combination_error(record, pi, until=1.0):
    """Largest error of p + (1/Π) ∂ ln w/∂x = p(0), over all cells and steps (no damping, no advection)."""
    faces, p, w = record.extra
    start = (faces[:, 1:] <= 1.0).astype(float)
    log_w = jnp.log(w).at[:, 0].set(0.0)  # no flux through x = 0: no waves grow there
    whole = p + jnp.diff(log_w, axis=1) / jnp.diff(faces, axis=1) / pi
    # in cells finer than the rest the error of one face counts many times over: weigh with the width, per cloud
    error = jnp.sum(jnp.abs(whole - start) * jnp.diff(faces, axis=1), axis=1)
    return float(jnp.max(jnp.where(record.lost < until, error, 0.0)))
