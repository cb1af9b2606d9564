"""When and where protons of each energy leave their remnant: its radius when the cloud's half-life equals its age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from jaxcrc._types import plain_numbers
from jaxcrc.medium.phases import Phase
from jaxcrc.numerics.interpolate import monotone_cubic
from jaxcrc.source.remnant import Remnant
from jaxcrc.transport.base import Status
from jaxcrc.transport.cloud.halflife import half_life_and_slope
from jaxcrc.transport.cloud.population import Number, Population, Value, checked_inputs, cloud_half_life, make_cloud
from jaxcrc.transport.cloud.tube import DEFAULT_RESOLUTION, Numbers, Resolution

RELEASES = ("halflife", "sudden")
Ends = tuple[Array, Array, Array, Array]  # two ends, and the values there

NEVER = 1.0e7  # [kyr] stands for a radius that the remnant does not reach


class Escape(eqx.Module):
    """Where and when: radius [pc], time since the explosion [kyr], bits of Status."""

    radius: Float[Array, "..."]
    time: Float[Array, "..."]
    status: Int[Array, "..."]


@plain_numbers
def escape(
    phase: str | Phase,
    energy: Number,
    *,
    remnant: Remnant | None = None,
    release: str = "halflife",
    radius_range: tuple[float, float] = (0.3, 300.0),
    resolution: Resolution = DEFAULT_RESOLUTION,
    **options: Any,
) -> Escape:
    """Radius [pc] of the remnant and its age [kyr] when protons of `energy` are released: t_½(R, E) = t_SNR(R).

    The smallest such radius in `radius_range` is taken. With release="sudden" whatever is still held when the remnant
    turns radiative leaves then. FAILED is set where half-life and age do not cross in the range; its end is returned
    there.

    Arguments: phase; energy [GeV]; remnant — by default 1e51 erg and 1.4 solar masses in the phase's own gas;
    release; radius_range [pc]; resolution; options of `solve_cloud`. Errors: ValueError as `solve_cloud`, or for an
    unknown release.
    Source: Nava et al. 2016, 2019.
    """
    if release not in RELEASES:
        raise ValueError(f"unknown release {release!r}; choose one of {RELEASES}")
    low, high = radius_range
    if not 0.0 < low < high:
        raise ValueError(f"radius_range must be two increasing radii in pc, got {radius_range}")
    cloud = make_cloud(phase, **options)
    _, energy = checked_inputs(cloud, low, energy)
    remnant = Remnant(density=cloud.phase.hydrogen) if remnant is None else remnant
    return _escape(cloud, energy, remnant, release, (low, high), resolution)


@eqx.filter_jit
def _escape(
    cloud: Population, energy: Array, remnant: Remnant, release: str, span: tuple[float, float], resolution: Resolution
) -> Escape:
    def gap(log_radius: Value, model: tuple[Population, Array, Remnant]) -> tuple[Value, Array]:
        """ln(half-life / age), and the status."""
        cloud, energy, remnant = model
        radius = jnp.exp(log_radius)
        time, status = cloud_half_life(cloud, radius, energy, resolution)
        return jnp.log(time) - jnp.log(jnp.minimum(remnant.time(radius), NEVER)), status

    model = (cloud, energy, remnant)
    fixed = jax.lax.stop_gradient(model)
    low, high = (jnp.log(jnp.asarray(x, energy.dtype)) for x in span)
    left, right, crossed = _bracket(lambda x: gap(x, fixed)[0], low, high, energy.shape)
    root = _illinois(lambda x: gap(x, fixed)[0], left, right)
    slope = jax.jvp(lambda x: gap(x, fixed)[0], (root,), (jnp.ones_like(root),))[1]
    value, status = gap(root, model)
    usable = crossed & (jnp.abs(slope) > 1.0e-3)
    # One Newton step: nothing to the value, the implicit derivative to the rest.
    change = jnp.where(usable, jax.lax.stop_gradient(value) - value, 0.0) / jnp.where(usable, slope, 1.0)
    radius = jnp.exp(root + change)
    if release == "sudden":
        radius = jnp.minimum(radius, remnant.radius(remnant.radiative_time))
    time = jnp.minimum(remnant.time(radius), NEVER)
    return Escape(radius, time, status | jnp.where(crossed, 0, int(Status.FAILED)))


ROUGH = Resolution(cells=48, steps=100)


def release_point(
    cloud: Population,
    energy: Value,
    remnant: Remnant,
    release: str,
    span: tuple[float, float],
    resolution: Resolution = DEFAULT_RESOLUTION,
) -> tuple[Value, Value]:
    """(radius [pc], age [kyr]) of the remnant when protons of `energy` leave, for use inside a fit: a fraction of the
    work of `escape`; an end of the span where half-life and age do not cross in it.

    The root is first found between a dozen radii with a rough solver, then corrected by two Newton steps, each from
    one march there and one back; the last carries the implicit derivative.
    """
    model = (cloud, energy, remnant)
    fixed = jax.lax.stop_gradient(model)

    def log_age(log_radius: Value, remnant: Remnant) -> Value:
        return jnp.log(jnp.minimum(remnant.time(jnp.exp(log_radius)), NEVER))

    def step(root: Value, found: Value, slopes: Numbers, model: tuple[Population, Value, Remnant]) -> Value:
        """A better root, with the half-life to first order around this one."""
        at = jax.lax.stop_gradient(fixed[0].numbers(jnp.exp(root), energy)[0])

        def gap(log_radius: Value, model: tuple[Population, Value, Remnant]) -> Value:
            cloud, energy, remnant = model
            numbers, unit = cloud.numbers(jnp.exp(log_radius), energy)
            change = jax.tree.map(lambda g, new, old: g * (new - old), slopes, numbers, at)
            return jnp.log((found + sum(jax.tree.leaves(change))) * unit) - log_age(log_radius, remnant)

        slope = jax.jvp(lambda x: gap(x, fixed), (root,), (jnp.ones_like(root),))[1]
        return _newton(root, gap(root, model), slope, crossed)

    def refine(root: Value, _: None) -> tuple[Value, tuple[Value, Value, Numbers]]:
        at = fixed[0].numbers(jnp.exp(root), energy)[0]
        result, slopes = half_life_and_slope(at, resolution)
        return step(root, result.time, slopes, fixed), (root, result.time, slopes)

    low, high = (jnp.log(jnp.asarray(x, energy.dtype)) for x in span)
    grid = jnp.linspace(low, high, 14)
    many = jnp.broadcast_to(grid[:, None], (grid.size, *energy.shape))
    rough = jnp.log(cloud_half_life(fixed[0], jnp.exp(many), energy, ROUGH)[0])
    fine = jnp.linspace(low, high, 400)
    between = jax.vmap(lambda y: monotone_cubic(grid, y, fine), in_axes=1, out_axes=1)(rough)
    first, crossed = _first_fall(fine, between - log_age(fine, fixed[2])[:, None])
    last = jax.tree.map(lambda x: x[-1], jax.lax.scan(refine, first, None, length=2)[1])
    root, found, slopes = jax.lax.stop_gradient(last)
    radius = jnp.exp(step(root, found, slopes, model))
    if release == "sudden":
        radius = jnp.minimum(radius, remnant.radius(remnant.radiative_time))
    return radius, jnp.minimum(remnant.time(radius), NEVER)


def _first_fall(x: Value, y: Value) -> tuple[Value, Array]:
    """(root, whether there is one) of the first fall of each column of y below zero on a fine grid; the
    end of the grid where there is none: the low one if y begins below zero.
    """
    falls = (y[:-1] > 0.0) & (y[1:] <= 0.0)
    first, crossed = jnp.argmax(falls, axis=0), jnp.any(falls, axis=0)
    before, after = (jnp.take_along_axis(y, i[None], axis=0)[0] for i in (first, first + 1))
    step = x[1] - x[0]
    fall = jnp.where(crossed, before - after, 1.0)
    end = jnp.where(y[0] <= 0.0, x[0], x[-1])
    return jnp.where(crossed, x[first] + step * before / fall, end), crossed


def _newton(root: Value, value: Value, slope: Value, crossed: Array) -> Value:
    """One Newton step of at most 0.3, none where nothing crosses or the function hardly falls."""
    usable = crossed & (slope < -0.05)
    return root - jnp.where(usable, jnp.clip(value / jnp.where(usable, slope, -1.0), -0.3, 0.3), 0.0)


def _bracket(
    function: Callable[[Array], Array], low: Array, high: Array, shape: tuple[int, ...], count: int = 24
) -> tuple[Array, Array, Array]:
    """(left, right, whether the sign changes) around the first fall of `function` below zero on an even grid."""
    grid = jnp.linspace(low, high, count).reshape(count, *(1,) * len(shape))
    values = function(jnp.broadcast_to(grid, (count, *shape)))
    falls = (values[:-1] > 0.0) & (values[1:] <= 0.0)
    first = jnp.argmax(falls, axis=0)
    crossed = jnp.any(falls, axis=0)
    # Where nothing falls: the low end if the half-life is shorter than the age from the start, else the high end.
    first = jnp.where(crossed, first, jnp.where(values[0] <= 0.0, 0, count - 2))
    step = (high - low) / (count - 1)
    left = low + first * step
    end = jnp.where(values[0] <= 0.0, left, left + step)
    return jnp.where(crossed, left, end), jnp.where(crossed, left + step, end), crossed


def _illinois(function: Callable[[Array], Array], left: Array, right: Array, steps: int = 9) -> Array:
    """Root between left and right, by the false position with halved weights (Dowell & Jarratt 1971)."""

    def body(carry: Ends, _: None) -> tuple[Ends, None]:
        a, b, fa, fb = carry
        width = fb - fa
        x = jnp.where(width != 0.0, b - fb * (b - a) / jnp.where(width != 0.0, width, 1.0), 0.5 * (a + b))
        f = function(x)
        swap = f * fb < 0.0
        return (jnp.where(swap, b, a), x, jnp.where(swap, fb, 0.5 * fa), f), None

    start = (left, right, function(left), function(right))
    return jax.lax.scan(body, start, None, length=steps)[0][1]
