"""Particles that leave a remnant when it can no longer hold them: the higher the momentum, the earlier.

A remnant that grows as R(t) holds particles up to p_max(t), which falls: those of momentum p leave at t_esc(p), when
p_max(t_esc) = p, from R_esc = (1 + κ_e) R(t_esc). What has not left by now is trapped inside.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Energy, Scalar, param
from jaxcrc.medium.diffusion import bohm
from jaxcrc.source.release import AbstractRelease, AbstractShape, kyr
from jaxcrc.source.remnant import Remnant
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3, KM_S_PER_PC_KYR, LOG10_ENERGY_UNIT_ERG

Times = Float[Array, "..."]

_DECADES = 5.0  # for which escape is followed after the Sedov phase began
_STEPS = 161
_BELL_GEV = 230.0e3  # E_max [GeV] for n_e = 1 cm⁻³, u = 1e4 km s⁻¹, R = 1 pc
_BELL_SPEED = 1.0e4  # [km s⁻¹]
_TIME_PER_RADIUS = 2.5  # R ∝ t^{2/5}: a spread in radius is this much more in time
_LATE = 3.1  # widths in radius beyond which less than a thousandth has left
_EARLIEST = -6.0  # widths before t_esc by which a billionth has left: how long ago no longer matters

# Published values of the power law p_max = p₀ (t/t_sed)^−δ, as commonly quoted; p₀c in log10 TeV.
CEILINGS: dict[str, dict[str, float]] = {
    "ohira11": {"log10_max_momentum": 3.5, "slope": 2.6},  # R^−6.5 from 10^15.5 eV
    "ohira11-review": {"log10_max_momentum": 3.0, "slope": 2.6},  # the 1 PeV printed in the review by Marcowith 2025
    "gabici09": {"log10_max_momentum": math.log10(5.0e3), "slope": 2.48},  # 5 PeV to 1 GeV over 503 t_sed
    "celli19": {"log10_max_momentum": 3.0},  # its slope, 1 to 4, is left to the user
    "mitchell21": {"log10_max_momentum": 3.0, "slope": 2.5},
}


class AbstractDynamics(eqx.Module):
    """How the remnant grows, and how old it is."""

    @abstractmethod
    def age(self) -> Scalar:
        """Time since the explosion [kyr]."""

    @abstractmethod
    def begin(self) -> Scalar:
        """When the Sedov phase, and with it the escape, begins [kyr]."""

    @abstractmethod
    def radius(self, time: Times) -> Times:
        """Radius of the shock [pc] at times since the explosion [kyr]."""

    @abstractmethod
    def surroundings(self) -> Scalar:
        """Hydrogen density around the remnant [cm⁻³]."""


class Sedov(AbstractDynamics):
    """R = R_sed (t/t_sed)^{2/5}."""

    log10_age: Scalar = param("dex(yr)", "log10 of the time since the explosion")
    log10_sedov_time: Scalar = param("dex(yr)", "log10 of the time when the Sedov phase began")
    sedov_radius: Scalar = param("pc", "radius when the Sedov phase began", low=0.0)
    density: Scalar = param("cm-3", "hydrogen density around the remnant; acts on Bell's limit only", default=1.0)

    def age(self) -> Scalar:
        """Time since the explosion [kyr]."""
        return kyr(self.log10_age)

    def begin(self) -> Scalar:
        """When the Sedov phase began [kyr]."""
        return kyr(self.log10_sedov_time)

    def radius(self, time: Times) -> Times:
        """Radius [pc]."""
        return self.sedov_radius * (time / self.begin()) ** 0.4

    def surroundings(self) -> Scalar:
        """Hydrogen density [cm⁻³]."""
        return self.density


class AbstractExplosion(AbstractDynamics):
    """The shock of an explosion in uniform gas (see `Remnant`), whatever tells its age."""

    @abstractmethod
    def remnant(self) -> Remnant:
        """The remnant that the explosion made."""

    def begin(self) -> Scalar:
        """When the Sedov phase began [kyr]."""
        return self.remnant().sedov_time

    def radius(self, time: Times) -> Times:
        """Radius [pc]."""
        return self.remnant().radius(time)

    def surroundings(self) -> Scalar:
        """Hydrogen density [cm⁻³]."""
        return self.remnant().density


class Explosion(AbstractExplosion):
    """The shock of Truelove & McKee 1999 and Cioffi et al. 1988, with a given age."""

    log10_age: Scalar = param("dex(yr)", "log10 of the time since the explosion")
    energy_sn: Scalar = param("1e51 erg", "explosion energy", low=0.0, default=1.0)
    ejecta_mass: Scalar = param("M_sun", "mass of the ejecta", low=0.0, default=1.4)
    density: Scalar = param("cm-3", "hydrogen density around the remnant", low=0.0, default=1.0)

    def remnant(self) -> Remnant:
        """The remnant that the explosion made."""
        return Remnant(energy=self.energy_sn, ejecta_mass=self.ejecta_mass, density=self.density)

    def age(self) -> Scalar:
        """Time since the explosion [kyr]."""
        return kyr(self.log10_age)


class SeenExplosion(AbstractExplosion):
    """The same shock, its age being the one at which it fills the angle seen on the sky: R(age) = θ d.

    `distance` is that of the view: a case ties the two.
    """

    angular_radius: Scalar = param("deg", "radius of the shock on the sky", low=0.0)
    distance: Scalar = param("kpc", "distance of the remnant, tied to the view's", low=0.0)
    energy_sn: Scalar = param("1e51 erg", "explosion energy", low=0.0, default=1.0)
    ejecta_mass: Scalar = param("M_sun", "mass of the ejecta", low=0.0, default=1.4)
    density: Scalar = param("cm-3", "hydrogen density around the remnant", low=0.0, default=1.0)

    def remnant(self) -> Remnant:
        """The remnant that the explosion made."""
        return Remnant(energy=self.energy_sn, ejecta_mass=self.ejecta_mass, density=self.density)

    def age(self) -> Scalar:
        """Time since the explosion [kyr]."""
        return self.remnant().time(1.0e3 * jnp.deg2rad(self.angular_radius) * self.distance)


class AbstractCeiling(eqx.Module):
    """The largest momentum that the remnant holds, falling in time."""

    @abstractmethod
    def escape_time(self, momentum: Energy, dynamics: AbstractDynamics) -> Energy:
        """When particles of momentum pc [GeV] leave [kyr after the explosion]."""


class PowerLawCeiling(AbstractCeiling):
    """p_max = p₀ (t/t_sed)^−δ_t; above p₀ nothing waits for the Sedov phase.

    Source: Gabici et al. 2009; Ohira et al. 2010.
    """

    log10_max_momentum: Scalar = param("dex(TeV)", "log10 of p₀c, held when the Sedov phase begins")
    slope: Scalar = param("", "δ_t, how steeply the largest momentum falls in time", low=0.5, high=8.0)

    def escape_time(self, momentum: Energy, dynamics: AbstractDynamics) -> Energy:
        """t_esc = t_sed (p/p₀)^{−1/δ_t} [kyr]."""
        below = jnp.minimum(jnp.log(momentum) - math.log(10.0) * (self.log10_max_momentum + 3.0), 0.0)
        return dynamics.begin() * jnp.exp(-below / self.slope)


class BellCeiling(AbstractCeiling):
    """p_max = η 230 TeV n_e^{1/2} (u/1e4 km s⁻¹)² (R/pc), what the escaping particles' own turbulence confines.

    Source: Bell et al. 2013, as commonly quoted; n_e is taken to be the hydrogen density.
    """

    log10_factor: Scalar = param("dex", "log10 of η, a factor of order one on the limit", default=0.0)

    def escape_time(self, momentum: Energy, dynamics: AbstractDynamics) -> Energy:
        """t_esc [kyr], from p_max(t_esc) = p."""
        scale = 10.0**self.log10_factor * _BELL_GEV * jnp.sqrt(dynamics.surroundings())

        def highest(radius: Times, speed: Times) -> Times:
            return scale * (speed * KM_S_PER_PC_KYR / _BELL_SPEED) ** 2 * radius

        return _when(momentum, dynamics, highest)


class BoundaryCeiling(AbstractCeiling):
    """κ_Bohm(p_max) = ℓ R u, the upstream length of a free escape boundary at ℓ R.

    Source: Telezhinsky et al. 2012 (ℓ = 0.05), as quoted by Marcowith 2025.
    """

    field: Scalar = param("uG", "magnetic field that the particles at the shock diffuse in", low=0.0)
    length: Scalar = param("", "ℓ, distance of the boundary from the shock in radii", low=0.0, default=0.05)

    def escape_time(self, momentum: Energy, dynamics: AbstractDynamics) -> Energy:
        """t_esc [kyr], from p_max(t_esc) = p."""
        return _when(momentum, dynamics, lambda radius, speed: self.length * radius * speed / bohm(1.0, self.field))


def _when(momentum: Energy, dynamics: AbstractDynamics, highest: Callable[[Times, Times], Times]) -> Energy:
    """When a falling p_max(R, u) [GeV] passes each momentum, interpolated between 32 times a decade [kyr]."""
    begin = dynamics.begin()
    log_time = jnp.log(begin) + jnp.linspace(0.0, _DECADES * math.log(10.0), _STEPS, dtype=begin.dtype)
    radius, speed = jax.jvp(dynamics.radius, (jnp.exp(log_time),), (jnp.ones_like(log_time),))
    log_highest = jnp.log(highest(radius, speed))
    # The last time when a momentum is still held: never later for a higher one.
    falling = jax.lax.cummax(log_highest[::-1])
    return jnp.exp(jnp.interp(jnp.log(momentum), falling, log_time[::-1]))


class Escaping(AbstractRelease):
    """Particles that leave a growing remnant one momentum after the other.

    The spectrum is that of all particles, trapped or not, as they are released in the end. Those of one momentum leave
    over a range of radii and times around R_esc and t_esc, which keeps every density and slope smooth.
    """

    dynamics: AbstractDynamics
    ceiling: AbstractCeiling
    log10_energy: Scalar = param("dex(erg)", "log10 of the energy in cosmic rays, escaped or not, 1 GeV to 5 PeV")
    overshoot: Scalar = param("", "κ_e: particles leave at (1 + κ_e) times the shock's radius", low=0.0, default=0.04)
    spread: Scalar = param("", "rms of ln R_esc for one momentum", low=0.005, high=0.5, default=0.05)

    def time(self) -> Scalar:
        """Age of the remnant [kyr]."""
        return self.dynamics.age()

    def strength(self) -> Scalar:
        """Energy of all particles [GeV cm⁻³ pc³]."""
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_energy - LOG10_ENERGY_UNIT_ERG)

    def escape_time(self, momentum: Energy) -> Energy:
        """t_esc [kyr after the explosion]."""
        return self.ceiling.escape_time(momentum, self.dynamics)

    def escape_radius(self, momentum: Energy) -> Energy:
        """R_esc [pc]."""
        return (1.0 + self.overshoot) * self.dynamics.radius(self.escape_time(momentum))

    def seen_radius(self, momentum: Energy) -> Energy:
        """R_esc [pc] where a thousandth or more has left; of all others, as far as that is now."""
        latest = jnp.exp(_LATE * self.spread) * self.shock() * (1.0 + self.overshoot)
        return jnp.minimum(self.escape_radius(momentum), latest)

    def escaped(self, momentum: Energy) -> Energy:
        """Share of the particles of each momentum that has left by now."""
        late = jnp.log(self.time() / self.escape_time(momentum))
        return jax.scipy.special.ndtr(late / (_TIME_PER_RADIUS * self.spread))

    def since(self, momentum: Energy, kappa: Energy) -> Energy:
        """Time for which the escaped have diffused [kyr]: since they left, and what their spread in radius amounts to.

        t_esc varies from particle to particle, with the rms s = 2.5 · spread · t_esc. Those that are out already left
        ⟨t − t_esc⟩ = s [x + φ(x)/Φ(x)] ago on the mean, x = (t − t_esc)/s: within 2e-6 s of t − t_esc beyond x = 5, and
        0.8 s at t_esc itself. A cut at 0 instead would let each energy that just leaves put a cusp into the density.
        """
        escape = self.escape_time(momentum)
        rms = _TIME_PER_RADIUS * self.spread * escape
        late = jnp.maximum((self.time() - escape) / rms, _EARLIEST)
        hazard = jnp.exp(-0.5 * late**2 - jax.scipy.special.log_ndtr(late)) / math.sqrt(2.0 * math.pi)
        smeared = 0.5 * (self.spread * self.escape_radius(momentum)) ** 2 / kappa
        return rms * (late + hazard) + smeared

    def shock(self) -> Scalar:
        """Radius of the shock now [pc]."""
        return self.dynamics.radius(self.time())


class RemnantShell(AbstractShape):
    """From the surface of the remnant as it is when the particles leave (Ohira et al. 2011)."""

    geometry: ClassVar[str] = "shell"

    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[Energy]:
        """R_esc [pc]. Errors: ValueError for a release that does not escape from a remnant."""
        return (_escaping(release, self).escape_radius(momentum),)


class RemnantBall(AbstractShape):
    """From the inside of the remnant as it is when the particles leave (Celli et al. 2019)."""

    geometry: ClassVar[str] = "ball"

    def size(self, release: AbstractRelease, momentum: Energy) -> tuple[Energy]:
        """R_esc [pc]. Errors: ValueError for a release that does not escape from a remnant."""
        return (_escaping(release, self).escape_radius(momentum),)


def _escaping(release: AbstractRelease, shape: AbstractShape) -> Escaping:
    if not isinstance(release, Escaping):
        raise ValueError(
            f"a {type(shape).__name__} takes its radius from a release of kind 'escape', not from a "
            f"{type(release).__name__}; give a shell or ball with a radius"
        )
    return release
