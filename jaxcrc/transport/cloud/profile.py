"""The cloud along its tube and in time: pressure, waves and diffusion coefficient, and where the model holds."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from jaxcrc._types import plain_numbers
from jaxcrc.medium.damping import DEFAULT
from jaxcrc.medium.phases import Phase, kappa_bohm
from jaxcrc.numerics.march import State
from jaxcrc.transport.base import Status
from jaxcrc.transport.cloud.halflife import half_time
from jaxcrc.transport.cloud.population import Number, Population, checked_inputs, half_length, make_cloud
from jaxcrc.transport.cloud.tube import Mesh, Resolution, Tube, march_tube
from jaxcrc.units import LIGHT_SPEED

PROFILE_RESOLUTION = Resolution(cells=120, extent=60.0, after=60)


class CloudSolution(eqx.Module):
    """A cloud at every step of its march; batch axes, if any, come first.

    The mesh moves, so positions are given for each time. P and I are over B²/8π, per ln p and per ln k.
    """

    time: Float[Array, "*batch time"]  # [kyr]
    z: Float[Array, "*batch time cell"]  # of pressure [pc]
    pressure: Float[Array, "*batch time cell"]
    z_face: Float[Array, "*batch time face"]  # of waves and kappa [pc]
    waves: Float[Array, "*batch time face"]  # I
    kappa: Float[Array, "*batch time face"]  # [pc² kyr⁻¹]
    chi: Float[Array, "*batch time face"]  # κ/κ₀, to compare with suppression factors of homogeneous models
    lost: Float[Array, "*batch time"]  # fraction that has left |z| < a
    escaped: Float[Array, "*batch time"]  # fraction that has left the mesh
    half_life: Float[Array, "*batch"]  # [kyr]
    status: Int[Array, "*batch"]


@plain_numbers
def solve_cloud(
    phase: str | Phase,
    radius: Number,
    energy: Number,
    *,
    released_energy: Number = 1.0,
    index: Number = 2.2,
    energy_range: tuple[Number, Number] = (1.0, 5.0e6),
    kappa0: str | Number = "nava16",
    injection_scale: Number = 50.0,
    growth_factor: Number = 1.0,
    advection: bool = True,
    damping: Sequence[str] = DEFAULT,
    mach: Number = 1.0,
    nlld_level: Number = 1.0,
    cut_off: bool = False,
    evanescent: str = "none",
    resolution: Resolution = PROFILE_RESOLUTION,
) -> CloudSolution:
    """Pressure and waves along the tube [over B²/8π], κ [pc² kyr⁻¹], the half-life [kyr] and status bits.

    Arguments: phase — a name (hism, wim, wnm, cnm, dim, dc) or a Phase; radius — R of the remnant at release [pc];
    energy — total energy of the protons [GeV]; both may be arrays that broadcast; released_energy [1e50 erg]; index
    of the spectrum in total energy; energy_range [GeV]; kappa0 — name of the ambient diffusion coefficient, or its
    value [pc² kyr⁻¹] at `energy`; injection_scale of the turbulence [pc]; growth_factor g; advection — with the
    waves' speed; damping — names of mechanisms; mach, nlld_level, cut_off, evanescent — as `damping_rate`;
    resolution — mesh and steps, `after` the half-life too.
    Errors: ValueError for an unknown name or option, a radius or energy out of range, or κ₀ below the Bohm limit.
    Source: Skilling 1975; Malkov et al. 2013; Nava et al. 2016. Validity: see `Status`.
    """
    cloud = make_cloud(
        phase,
        released_energy=released_energy,
        index=index,
        energy_range=energy_range,
        kappa0=kappa0,
        injection_scale=injection_scale,
        growth_factor=growth_factor,
        advection=advection,
        damping=damping,
        mach=mach,
        nlld_level=nlld_level,
        cut_off=cut_off,
        evanescent=evanescent,
    )
    return _solve(cloud, *checked_inputs(cloud, radius, energy), resolution)


def _keep(tube: Tube, state: State) -> tuple[Array, Array, Array]:
    return tube.faces(state.time), state.u, state.w


@eqx.filter_jit
def _solve(cloud: Population, radius: Array, energy: Array, resolution: Resolution) -> CloudSolution:
    return cloud_solution(cloud, radius, energy, resolution)


def cloud_solution(
    cloud: Population, radius: Array, energy: Array, resolution: Resolution, until: Array | None = None
) -> CloudSolution:
    """`solve_cloud` of a Population, inside a trace; `until` [kyr] is where the steps after the half-life end."""
    numbers, unit = cloud.numbers(radius, energy)
    shape = unit.shape
    if len(shape) > 1:
        numbers = jax.tree.map(jnp.ravel, numbers)
    tube = Tube(numbers, Mesh.of(resolution, numbers.coupling))
    end = None if until is None else (until / unit).reshape(numbers.coupling.shape)
    record = march_tube(tube, resolution, _keep, end)
    half, reached = half_time(record)

    def lead(x: Array) -> Array:
        """Batch axes first."""
        return jnp.moveaxis(x, -1, 0).reshape(*shape, *x.shape[:-1]) if shape else x

    faces, p, w = (lead(x) for x in record.extra)
    a, bohm, p_a, kappa = (
        jnp.broadcast_to(x, shape)[..., None, None]
        for x in (
            half_length(radius),
            kappa_bohm(energy, cloud.phase.field),
            cloud.pressure(radius, energy),
            cloud.kappa_ambient(energy),
        )
    )
    z_face = a * faces
    solution = CloudSolution(
        time=lead(record.time) * unit[..., None],
        z=0.5 * (z_face[..., 1:] + z_face[..., :-1]),
        pressure=p_a * p,
        z_face=z_face,
        waves=w * bohm / kappa,
        kappa=kappa / w,
        chi=1.0 / w,
        lost=lead(record.lost),
        escaped=lead(record.escaped),
        half_life=half.reshape(shape) * unit,
        status=jnp.zeros(shape, int),
    )
    return eqx.tree_at(lambda s: s.status, solution, _status(cloud, energy, solution, reached.reshape(shape), a, bohm))


def _status(
    cloud: Population, energy: Array, solution: CloudSolution, reached: Array, a: Array, bohm: Array
) -> Int[Array, "*batch"]:
    """Bits of Status. The initial step in P drives waves without limit for a moment: their level is judged from 5 % of
    the half-life on, drift at the half-life.
    """
    shape = solution.half_life.shape
    evanescent = jnp.broadcast_to(cloud.rates(energy).evanescent, shape)
    settled = solution.time > 0.05 * solution.half_life[..., None]
    strongest = jnp.max(jnp.where(settled, jnp.max(solution.waves, axis=-1), 0.0), axis=-1)
    at_half = jnp.argmax(solution.lost >= 0.5, axis=-1)[..., None, None]
    p = jnp.take_along_axis(solution.pressure, at_half, axis=-2)[..., 0, :]
    z = jnp.take_along_axis(solution.z, at_half, axis=-2)[..., 0, :]
    kappa = jnp.take_along_axis(solution.kappa, at_half, axis=-2)[..., 0, 1:-1]
    total = p[..., 1:] + p[..., :-1]
    feeds = total > 1.0e-3 * jnp.max(p, axis=-1, keepdims=True)
    drift = jnp.where(feeds, 2.0 * kappa * jnp.abs(jnp.diff(p)) / jnp.diff(z) / jnp.where(feeds, total, 1.0), 0.0)
    ambient = jnp.broadcast_to(cloud.kappa_ambient(energy), shape)
    tests = {
        Status.FAILED: ~reached,
        Status.SUPERLUMINAL: jnp.max(drift, axis=-1) > LIGHT_SPEED,
        Status.BELOW_BOHM: strongest > 1.2732,  # κ_B/I < c r_L/3 where I > 4/π
        Status.STRONG_WAVES: strongest > 2.0,  # (δB/B)² = I/2
        Status.EVANESCENT: evanescent,
        Status.GRID_EDGE: solution.escaped[..., -1] > 1.0e-2,
        Status.BALLISTIC: a[..., 0, 0] * LIGHT_SPEED < 3.0 * jnp.min(kappa, axis=-1),
        Status.INCOHERENT: solution.half_life * ambient > cloud.injection_scale**2,
    }
    return reduce(operator.add, (jnp.where(test, int(bit), 0) for bit, test in tests.items()))
