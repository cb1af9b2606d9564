"""A cosmic-ray cloud as a transport: each energy leaves its remnant at its own time and spreads along a flux tube.

    n(E, z, t) = N(E)/(4/3 π R³) · P(z, t − t_esc)/P_a  inside the tube, ρ < R = R_esc(E)

on both sides of the remnant, which is n = 3 U_B P/E² with P per ln p over U_B = B²/8π.
"""

from __future__ import annotations

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from jaxcrc._types import Scalar, choice, param, switch
from jaxcrc.medium.damping import DEFAULT, check_damping
from jaxcrc.medium.diffusion import AbstractMedium
from jaxcrc.medium.dispersion import EVANESCENT
from jaxcrc.medium.phases import Phase
from jaxcrc.source.release import Burst, Point, Released
from jaxcrc.source.remnant import Remnant
from jaxcrc.source.spectrum import momentum
from jaxcrc.transport.base import AbstractTransport, EnergyGrid, Status, Surroundings, Symmetry
from jaxcrc.transport.cloud.escapes import RELEASES, release_point
from jaxcrc.transport.cloud.field import TINY, Line, TubeField
from jaxcrc.transport.cloud.population import Population
from jaxcrc.transport.cloud.profile import CloudSolution, cloud_solution
from jaxcrc.transport.cloud.tube import Resolution
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3

SPAN = (1.0, 300.0)  # radii of release looked for [pc]
# What a fit needs: with 20 energies the light of a cloud in the tube is off by 2 % at worst (`benchmarks/tube.py`).
RELEASE = Resolution(cells=80, steps=130)
PROFILES = Resolution(cells=100, steps=100, after=90, late=0.07, extent=5000.0)


class CosmicRayCloud(AbstractTransport[Released, AbstractMedium]):
    """Protons that a remnant releases into a flux tube, coupled to the Alfvén waves that they drive.

    The source is a burst from a point: its energy and spectrum are those of all protons, its age the remnant's. The
    medium is κ₀, the diffusion coefficient before any waves grow. Each energy leaves when its half-life equals the
    age of the remnant ("halflife"), at the latest when the shell turns radiative ("sudden"); what has not left yet
    fills the remnant. The tube lies at `inclination` to the line of sight, its far end at `azimuth` on the sky.
    Source: Malkov et al. 2013; Nava et al. 2016, 2019.
    Errors: ValueError for a source that is not a burst from a point, an unknown damping, release or evanescent.
    Validity: total energies of some GeV and more; see `Status`.
    """

    sources: ClassVar = (Released,)

    phase: Phase
    remnant: Remnant | None = eqx.field(default=None, metadata={"optional": True})
    injection_scale: Scalar = param("pc", "injection scale of the ambient turbulence", low=1e-3, default=50.0)
    growth_factor: Scalar = param("", "g: 1, or ½ where P is counted over B²/4π", low=0.0, default=1.0)
    mach: Scalar = param("", "Alfvénic Mach number of the ambient turbulence", low=0.0, default=1.0)
    nlld_level: Scalar = param("", "(δB/B)²/I in non-linear Landau damping", low=0.0, default=1.0)
    inclination: Scalar = param("deg", "between the tube and the line of sight", low=0.0, high=180.0, default=90.0)
    azimuth: Scalar = param("deg", "position angle of the tube's far end on the sky, from north to east", default=0.0)
    covering: Scalar = param("", "share of the gas that lies in the tube", low=0.0, high=1.0, default=1.0)
    damping: tuple[str, ...] = choice("mechanisms that damp the waves", default=DEFAULT, converter=tuple)
    advection: bool = switch("advection", "whether protons drift with the waves", default=True)
    release: str = choice("when protons leave", default="halflife")
    cut_off: bool = switch("cut_off", "whether turbulent damping ends where the turbulence does", default=False)
    evanescent: str = choice("what happens where waves do not propagate", default="none")
    energies: int = choice("how many energies of the cloud are solved; between them it interpolates", default=20)

    def __check_init__(self) -> None:
        check_damping(self.damping)
        if self.release not in RELEASES:
            raise ValueError(f"unknown release {self.release!r}; choose one of {RELEASES}")
        if self.evanescent not in EVANESCENT:
            raise ValueError(f"evanescent must be one of {EVANESCENT}, got {self.evanescent!r}")
        if not isinstance(self.energies, int) or isinstance(self.energies, bool) or self.energies < 4:
            raise ValueError(f"energies = {self.energies!r}: a cloud needs at least 4 energies to interpolate between")

    def symmetry(self, source: Released) -> Symmetry:
        """A tube."""
        return Symmetry.TUBE

    def solve(
        self, source: Released, medium: AbstractMedium, energy: EnergyGrid, surroundings: Surroundings
    ) -> TubeField:
        """The Field along the tube at the age of the source."""
        if not (isinstance(source.release, Burst) and isinstance(source.shape, Point)):
            raise ValueError("a cloud is released by a burst from a point: the remnant's radius follows from the model")
        log_few = jnp.linspace(jnp.log(energy.total[0]), jnp.log(energy.total[-1]), self.energies)
        few = jnp.exp(log_few)
        cloud = self.cloud(source, medium, few, energy.mass)
        remnant = Remnant(density=self.phase.hydrogen) if self.remnant is None else self.remnant
        age = source.release.time()
        radius, left = release_point(cloud, few, remnant, self.release, SPAN, RELEASE)
        radius = jnp.minimum(radius, remnant.radius(age))
        elapsed = jnp.maximum(age - left, 0.0)
        solution = cloud_solution(cloud, radius, few, PROFILES, jnp.maximum(elapsed, 1.0e-6))
        now = at_time(solution, elapsed)
        volume = 4.0 / 3.0 * math.pi * radius**3
        scaled = now.pressure / cloud.pressure(radius, few)[:, None]
        slant, turn = jnp.deg2rad(self.inclination), jnp.deg2rad(self.azimuth)
        across = jnp.sin(slant)
        return TubeField(
            log_energy=log_few,
            place=now.z,
            log_density=jnp.log(jnp.maximum(scaled, TINY) / volume[:, None]),
            face=now.z_face,
            log_chi=jnp.log(now.chi),
            log_radius=jnp.log(radius),
            release_time=left,
            log_wanted=jnp.log(energy.total),
            amplitude=source.amplitude(energy.kinetic),
            axis=jnp.stack([across * jnp.cos(turn), across * jnp.sin(turn), jnp.cos(slant)]),
            covering=self.covering,
            status=_status(
                solution, elapsed, now, jnp.interp(log_few, jnp.log(energy.total), 1.0 * energy.feeds) > 0.5
            ),
        )

    def cloud(self, source: Released, medium: AbstractMedium, energy: Array, mass: float) -> Population:
        """What the few energies have in common: a Population whose spectrum and κ₀ are those of source and medium."""
        kinetic = energy - mass
        strength = source.release.strength() / ENERGY_UNIT_GEV_PER_PC3
        return Population(
            self.phase,
            released_energy=strength,
            injection_scale=self.injection_scale,
            growth_factor=self.growth_factor,
            mach=self.mach,
            nlld_level=self.nlld_level,
            kappa0_value=medium.kappa(momentum(kinetic, mass)),
            share=energy**2 * source.spectrum(kinetic),
            damping=self.damping,
            advection=self.advection,
            cut_off=self.cut_off,
            evanescent=self.evanescent,
        )


class Moment(eqx.Module):
    """A solution at one time."""

    z: Line
    pressure: Line
    z_face: Float[Array, "few face"]
    chi: Float[Array, "few face"]
    escaped: Float[Array, " few"]


def at_time(solution: CloudSolution, time: Float[Array, " few"]) -> Moment:
    """A batch of solutions, each at its own time [kyr] since its release; between steps, logarithms linear in ln t."""
    log_time = jnp.log(solution.time)
    floor = max(TINY * TINY, float(jnp.finfo(log_time.dtype).tiny))  # a number of this precision, and not its zero
    wanted = jnp.clip(jnp.log(jnp.maximum(time, 1e-30)), log_time[:, 0], log_time[:, -1])
    after = jnp.clip(jnp.sum(log_time <= wanted[:, None], axis=1), 1, log_time.shape[1] - 1)

    def at(x: Array) -> tuple[Array, Array]:
        def row(index: Array) -> Array:
            return jnp.take_along_axis(x, index.reshape(-1, *(1,) * (x.ndim - 1)), axis=1)[:, 0]

        return row(after - 1), row(after)

    first, second = at(log_time)
    share = (wanted - first) / (second - first)

    def between(x: Array, log: bool = False) -> Array:
        low, high = at(jnp.log(jnp.maximum(x, floor)) if log else x)
        mixed = low + share.reshape(-1, *(1,) * (low.ndim - 1)) * (high - low)
        return jnp.exp(mixed) if log else mixed

    return Moment(
        between(solution.z),
        between(solution.pressure, log=True),
        between(solution.z_face),
        between(solution.chi, log=True),
        between(solution.escaped),
    )


def _status(solution: CloudSolution, elapsed: Float[Array, " few"], now: Moment, feeds: Array) -> Int[Array, ""]:
    """Bits of the energies that feed the data; FAILED where the march ended before the age was reached."""
    bits = solution.status & ~(int(Status.FAILED) | int(Status.GRID_EDGE))
    last = solution.time[:, -1] * (1.0 + 16.0 * jnp.finfo(elapsed.dtype).eps)
    failed = (elapsed > last) | ~jnp.all(jnp.isfinite(now.pressure), axis=-1)
    bits = bits | jnp.where(failed, int(Status.FAILED), 0) | jnp.where(now.escaped > 1e-2, int(Status.GRID_EDGE), 0)
    bits = jnp.where(feeds, bits, bits & int(Status.FAILED))
    return jax.lax.reduce(bits, 0, jax.lax.bitwise_or, (0,))
