"""Matter that protons cross near their source."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from jaxcrc._types import plain_numbers
from jaxcrc.medium.phases import Phase
from jaxcrc.transport.cloud.population import Number, Population, Value, checked_inputs, half_length, make_cloud
from jaxcrc.transport.cloud.tube import Mesh, Resolution, Tube, content, march_tube
from jaxcrc.units import HYDROGEN_MASS_G, LIGHT_SPEED_CM_S, S_PER_KYR

PER_TIME = HYDROGEN_MASS_G * LIGHT_SPEED_CM_S * S_PER_KYR  # [g cm⁻² kyr⁻¹] at 1 m_H cm⁻³


GRAMMAGE_RESOLUTION = Resolution(cells=150, after=150)


@plain_numbers
def grammage(
    phase: str | Phase,
    radius: Number,
    energy: Number,
    *,
    length: Number = 100.0,
    resolution: Resolution = GRAMMAGE_RESOLUTION,
    **options: Any,
) -> Value:
    """Mean grammage that protons released at `radius` cross within `length` of their source [g cm⁻²].

    X = ∫ dt [∫_{|z|<L} ρ c P dz] / ∫ P(t=0) dz, ρ the phase's `total_density`, with P = 0 at ±L; what is left when the
    march ends leaves exponentially.

    Arguments: as `solve_cloud`; length — L [pc]. Errors: as `solve_cloud`; ValueError for a length shorter than 1.1 a.
    Source: D'Angelo et al. 2016; Recchia et al. 2022.
    """
    cloud = make_cloud(phase, **options)
    radius, energy = checked_inputs(cloud, radius, energy)
    length = jnp.asarray(length, radius.dtype)
    traced = any(isinstance(x, jax.core.Tracer) for x in (radius, length))
    if not traced and bool(jnp.any(length < 1.1 * half_length(radius))):
        raise ValueError(f"length {length} pc does not enclose the cloud of half-length {half_length(radius)} pc")
    return _grammage(cloud, radius, energy, length, resolution)


@eqx.filter_jit
def _grammage(cloud: Population, radius: Array, energy: Array, length: Array, resolution: Resolution) -> Array:
    numbers, unit = cloud.numbers(radius, energy)
    shape = jnp.broadcast_shapes(unit.shape, length.shape)
    numbers, unit = jax.tree.map(lambda x: jnp.broadcast_to(x, shape), (numbers, unit))
    end = jnp.broadcast_to(length / half_length(radius), shape)
    if len(shape) > 1:
        numbers, end = jax.tree.map(jnp.ravel, (numbers, end))
    tube = Tube(numbers, Mesh.ending(resolution, end), end if cloud.advection else None)

    record = march_tube(tube, resolution, lambda tube, state: content(tube, state, end))
    residence = _integral(record.time, record.extra).reshape(shape)
    return PER_TIME * cloud.phase.total_density * residence * unit


def _integral(time: Array, amount: Array) -> Array:
    """∫ amount dt from amount 1 at time 0, each step and the tail an exponential (exact for a steady decay)."""
    amount = jnp.maximum(amount, 1.0e-30)
    step = time[1:] - time[:-1]
    fall = jnp.log(amount[:-1] / amount[1:])
    slow = jnp.abs(fall) < 1.0e-4
    mean = (amount[:-1] - amount[1:]) / jnp.where(slow, 1.0, fall)
    mean = jnp.where(slow, 0.5 * (amount[:-1] + amount[1:]), mean)
    decays = fall[-1] > 0.0
    tail = jnp.where(decays, amount[-1] * step[-1] / jnp.where(decays, fall[-1], 1.0), 0.0)
    return time[0] + jnp.sum(mean * step, axis=0) + tail
