"""Dynamics of a supernova remnant in a uniform medium: free expansion, Sedov–Taylor, pressure-driven snowplough,
merging.

Radius and time are inverse functions of each other in closed form, so either may be asked for.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import as_parameter, choice, param, plain_numbers
from jaxcrc.units import KM_S_PER_PC_KYR

Value = Float[Array, "..."]

RADIUS_SCALE = 3.068  # M_ej^{1/3} ρ₀^{−1/3} [pc] for a solar mass and 1.4 m_H cm⁻³
TIME_SCALE = 0.423  # E^{−1/2} M_ej^{5/6} ρ₀^{−1/3} [kyr] for 1e51 erg besides
SEDOV = 1.42  # ξ₀ = 2.026 rounded as published: R* = (1.42 t* − offset)^{2/5}

# Free expansion of n = 7, R* = 1.0535 t*^{4/7}: the coefficient of Chevalier's solution with ℓ = 1.26, φ = 0.47. The
# rounded 1.06 in print makes the radius jump by 0.7 % at the transition.
_FREE7 = 1.0535
# profile n of the ejecta: (time of the transition, radius there), in characteristic units
_TRANSITION = {
    0: (0.495, 2.01 * 0.495 * (1.0 + 1.72 * 0.495**1.5) ** (-2.0 / 3.0)),
    7: (0.732, _FREE7 * 0.732 ** (4.0 / 7.0)),
}
# profile: (time, offset) with the offset of the Sedov branch that joins it without a jump (in print 0.254 and 0.312)
_PROFILES = {n: (time, SEDOV * time - radius**2.5) for n, (time, radius) in _TRANSITION.items()}


class Remnant(eqx.Module):
    """A supernova remnant; `sound_speed` 0 means that it never merges with the medium.

    Source: Truelove & McKee 1999 (ejecta profiles n = 0 and 7); Cioffi, McKee & Bertschinger 1988 (radiative phase,
    merging).
    """

    energy: Value = param("1e51 erg", "explosion energy", low=1.0e-3, default=1.0)
    ejecta_mass: Value = param("M_sun", "mass of the ejecta", low=1.0e-3, default=1.4)
    density: Value = param(
        "cm-3", "hydrogen density of the surroundings, 1.4 m_H per hydrogen", low=1.0e-6, default=1.0
    )
    metallicity: Value = param("solar", "metallicity of the surroundings", default=1.0)
    sound_speed: Value = param("km / s", "sound speed of the surroundings; 0: never merges", default=0.0)
    merging: Value = param("", "shock speed over sound speed at which the remnant merges", default=2.0)
    profile: int = choice("power n of the ejecta's density: 7, or 0 for uniform ejecta", default=7)
    radiative: bool = choice("whether the shell turns radiative", default=True)

    def __check_init__(self) -> None:
        if self.profile not in _PROFILES:
            raise ValueError(f"unknown ejecta profile n = {self.profile}; choose one of {sorted(_PROFILES)}")

    @property
    def radius_scale(self) -> Value:
        """R_ch [pc]."""
        return RADIUS_SCALE * (self.ejecta_mass / self.density) ** (1.0 / 3.0)

    @property
    def time_scale(self) -> Value:
        """t_ch [kyr]."""
        return TIME_SCALE * self.energy**-0.5 * self.ejecta_mass ** (5.0 / 6.0) * self.density ** (-1.0 / 3.0)

    @property
    def sedov_time(self) -> Value:
        """t_ST, when free expansion gives way to the Sedov–Taylor phase [kyr]."""
        return _TRANSITION[self.profile][0] * self.time_scale

    @property
    def radiative_time(self) -> Value:
        """t_PDS, when the shell becomes radiative [kyr]."""
        scale = self.energy ** (3.0 / 14.0) * self.density ** (-4.0 / 7.0) * self.metallicity ** (-5.0 / 14.0)
        return 13.3 * scale

    @property
    def radiative_speed(self) -> Value:
        """v_PDS, the shock's speed then [km s⁻¹]."""
        scale = self.density ** (1.0 / 7.0) * self.metallicity ** (3.0 / 14.0) * self.energy ** (1.0 / 14.0)
        return 413.0 * scale

    @property
    def merging_time(self) -> Value:
        """When the shock has slowed to `merging` times the sound speed [kyr]; inf without a sound speed.

        On the Sedov branch the time when 0.4 R/t equals that speed, if it is earlier than t_PDS.
        """
        merges = self.sound_speed > 0.0
        speed = jnp.where(merges, self.merging * self.sound_speed, 1.0)
        snowplough = 0.75 * ((self.radiative_speed / speed) ** (10.0 / 7.0) + 1.0 / 3.0) * self.radiative_time
        sedov = self._sedov_time_of_speed(speed / KM_S_PER_PC_KYR)
        late = jnp.maximum(snowplough, self.radiative_time) if self.radiative else sedov
        time = jnp.where(sedov < self.radiative_time, sedov, late) if self.radiative else sedov
        return jnp.where(merges, time, jnp.inf)

    def _sedov_time_of_speed(self, speed: Value) -> Value:
        # dR/dt = 0.4 · 1.42 (R_ch/t_ch) (1.42 t* − offset)^{−3/5}
        _, offset = _PROFILES[self.profile]
        inner = (0.4 * SEDOV * self.radius_scale / self.time_scale / speed) ** (5.0 / 3.0)
        return self.time_scale * (inner + offset) / SEDOV

    def _adiabatic_radius(self, time: Value) -> Value:
        transition, offset = _PROFILES[self.profile]
        t = time / self.time_scale
        early = t < transition
        free = jnp.where(early, t, transition)
        if self.profile == 0:
            free = 2.01 * free * (1.0 + 1.72 * free**1.5) ** (-2.0 / 3.0)
        else:
            free = _FREE7 * free ** (4.0 / 7.0)
        sedov = (SEDOV * jnp.where(early, transition, t) - offset) ** 0.4
        return self.radius_scale * jnp.where(early, free, sedov)

    def _adiabatic_time(self, radius: Value) -> Value:
        transition, offset = _PROFILES[self.profile]
        r = radius / self.radius_scale
        end = (SEDOV * transition - offset) ** 0.4
        early = r < end
        free = jnp.where(early, r, end)
        if self.profile == 0:
            free = free / (2.01**1.5 - 1.72 * free**1.5) ** (2.0 / 3.0)
        else:
            free = (free / _FREE7) ** 1.75
        sedov = (jnp.where(early, end, r) ** 2.5 + offset) / SEDOV
        return self.time_scale * jnp.where(early, free, sedov)

    def radius(self, time: Value) -> Value:
        """Radius of the shock [pc] at `time` [kyr] after the explosion; constant once the remnant has merged.

        The radiative branch continues the radius reached at t_PDS: R = R(t_PDS) (4t/3t_PDS − 1/3)^{3/10}.
        """
        time = jnp.minimum(time, self.merging_time)
        if not self.radiative:
            return self._adiabatic_radius(time)
        begin = self.radiative_time
        growth = jnp.maximum(4.0 * time / (3.0 * begin) - 1.0 / 3.0, 1.0) ** 0.3
        return self._adiabatic_radius(jnp.minimum(time, begin)) * growth

    def time(self, radius: Value) -> Value:
        """When the shock reaches `radius` [kyr]; the merged remnant's final radius and beyond is never reached: inf."""
        time = self._adiabatic_time(radius)
        if self.radiative:
            begin = self.radiative_time
            growth = jnp.maximum(radius / self._adiabatic_radius(begin), 1.0)
            late = 0.75 * begin * (growth ** (10.0 / 3.0) + 1.0 / 3.0)
            time = jnp.where(growth > 1.0, late, time)
        return jnp.where(time < self.merging_time, time, jnp.inf)


@plain_numbers
def shock_radius(
    time: ArrayLike,
    energy_sn: ArrayLike = 1.0,
    ejecta_mass: ArrayLike = 1.4,
    density: ArrayLike = 1.0,
    profile: int = 7,
    *,
    metallicity: ArrayLike = 1.0,
    sound_speed: ArrayLike = 0.0,
    radiative: bool = True,
) -> Value:
    """Radius of the forward shock [pc].

    Arguments: time — since the explosion [kyr]; energy_sn [1e51 erg]; ejecta_mass [M_sun]; density — of hydrogen
    [cm⁻³]; profile — index n of the ejecta, 0 or 7; metallicity [solar]; sound_speed — of the medium, 0: never merges
    [km s⁻¹]; radiative — False keeps the Sedov–Taylor law after t_PDS.
    Source: Truelove & McKee 1999; Cioffi, McKee & Bertschinger 1988. Errors: ValueError for another profile.
    """
    remnant = Remnant(
        energy=as_parameter(energy_sn),
        ejecta_mass=as_parameter(ejecta_mass),
        density=as_parameter(density),
        metallicity=as_parameter(metallicity),
        sound_speed=as_parameter(sound_speed),
        profile=profile,
        radiative=radiative,
    )
    return remnant.radius(as_parameter(time))
