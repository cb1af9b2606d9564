"""Sources of electrons and positrons: a pulsar that spins down, or any release history, with a spectrum by energy."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxcrc._types import Scalar, choice, param
from jaxcrc.source.base import AbstractSource
from jaxcrc.source.laws import AbstractLaw, BrokenPowerLaw, CutPowerLaw, LogParabola
from jaxcrc.source.spindown import age_from_period, latest_birth, spin_down
from jaxcrc.units import ENERGY_UNIT_GEV_PER_PC3, LOG10_ENERGY_UNIT_ERG, S_PER_KYR

_LEAST_DERIVATIVE = 1e-7  # [1e-15]: a tenth of the least that is known
_PER_KYR = math.log10(S_PER_KYR) - LOG10_ENERGY_UNIT_ERG


class AbstractInjection(eqx.Module):
    """How released energy is spread over electrons."""

    @abstractmethod
    def __call__(self, energy: ArrayLike) -> Float[Array, "..."]:
        """Electrons per GeV of total energy [GeV] for each GeV released [GeV⁻²]."""

    @abstractmethod
    def energy_max(self) -> Scalar:
        """Energy [GeV] above which nothing is released."""

    @abstractmethod
    def energy_knee(self) -> Scalar:
        """Energy [GeV] above which hardly anything is released."""


class EnergyLaw(AbstractInjection, AbstractLaw):
    """A law in energy, ∫ E N dE = 1 above `energy_min` [GeV]; it goes on below it."""

    energy_min: float = choice("above which the released energy counts", quantity="GeV", default=1.0)

    def __check_init__(self) -> None:
        if not 0.0 < self.energy_min <= 100.0:
            raise ValueError(f"energy_min {self.energy_min!r} GeV must lie between 0 and 100 GeV, below any cut-off")

    def __call__(self, energy: ArrayLike) -> Float[Array, "..."]:
        """Electrons per GeV of total energy [GeV] for each GeV released [GeV⁻²]."""
        energy = jnp.asarray(energy)
        # Against the law at E_min, so that single precision holds the powers.
        start = self.log(jnp.asarray(self.energy_min, self.log10_cutoff.dtype))

        def released(energy: Array, log_law: Callable[[Array], Array]) -> Array:
            return (energy / self.energy_min) ** 2 * jnp.exp(log_law(energy) - start)

        norm = self.total(self.energy_min, self.farthest(), released) * self.energy_min**2
        return jnp.exp(self.log_law(energy) - start) / norm

    def energy_max(self) -> Scalar:
        """Energy [GeV] above which nothing is released."""
        return self.farthest()

    def energy_knee(self) -> Scalar:
        """Energy [GeV] at which the cut-off has left e⁻³."""
        return 3.0 ** (1.0 / self.sharpness) * self.cutoff()


class ElectronPowerLaw(CutPowerLaw, EnergyLaw):
    """Power law in energy with a cut-off."""

    index: Scalar = param("", "slope of the injected spectrum", low=1.0, high=3.5)


class ElectronBrokenPowerLaw(BrokenPowerLaw, EnergyLaw):
    """Power law in energy that breaks, with a cut-off: what pulsar wind nebulae inject."""


class ElectronLogParabola(LogParabola, EnergyLaw):
    """Log-parabola in energy, with a cut-off."""


class AbstractClock(eqx.Module):
    """What tells how old a pulsar is."""

    @abstractmethod
    def age(self, tau0: Scalar, braking_index: Scalar) -> Scalar:
        """Age [kyr] of a pulsar with that τ₀ [kyr] and braking index."""

    def longest(self, braking_index: Scalar) -> Scalar:
        """What τ₀ has to stay below for the pulsar to have an age [kyr]."""
        return jnp.full_like(braking_index, jnp.inf)


class KnownAge(AbstractClock):
    """The age itself."""

    log10_age: Scalar = param("dex(yr)", "log10 of the age")

    def age(self, tau0: Scalar, braking_index: Scalar) -> Scalar:
        """Age [kyr]."""
        return 10.0 ** (self.log10_age - 3.0)


class Timing(AbstractClock):
    """Period and period derivative, which give the age with τ₀ and the braking index: t = 2τ_c/(n − 1) − τ₀."""

    period: Scalar = param("s", "period of the pulsar", low=0.0)
    period_derivative: Scalar = param("1e-15", "period derivative of the pulsar, in 1e-15", low=0.0, high=1e7)

    def __check_init__(self) -> None:
        if isinstance(self.period_derivative, Tracer):
            return
        for small in np.ravel(self.period_derivative)[np.ravel(self.period_derivative) < _LEAST_DERIVATIVE]:
            raise ValueError(
                f"period_derivative = {small:g} counts in 1e-15, and no pulsar slows down so little: write "
                f"{small * 1e15:g} (or '{small:g} s / s', with its unit) for a derivative of {small:g}"
            )

    def age(self, tau0: Scalar, braking_index: Scalar) -> Scalar:
        """Age [kyr]."""
        return age_from_period(self.period, self.period_derivative, tau0, braking_index)

    def longest(self, braking_index: Scalar) -> Scalar:
        """What τ₀ has to stay below for the pulsar to have an age [kyr]."""
        return latest_birth(self.period, self.period_derivative, braking_index)


_SIZE = "σ of the Gaussian region that releases them, as a pulsar wind nebula does; 0 for a point"


class AbstractElectrons(AbstractSource):
    """A source of electrons, a point or a Gaussian, as `jaxcrc.transport.electrons` asks it.

    Amounts are in [GeV cm⁻³ pc³] × [GeV⁻²].
    """

    particle: ClassVar[str] = "electron"

    injection: eqx.AbstractVar[AbstractInjection]

    @abstractmethod
    def age(self) -> Scalar:
        """Time since the first release [kyr]."""

    @abstractmethod
    def width(self) -> Scalar:
        """σ of the Gaussian region that releases them [pc]."""

    def has_age(self) -> Bool[Array, ""]:
        """Whether its numbers leave it an age."""
        return jnp.asarray(True)


class AbstractElectronHistory(AbstractElectrons):
    """A source whose release goes on."""

    @abstractmethod
    def power(self, time: Array) -> Array:
        """Released power at a time since birth [GeV cm⁻³ pc³ kyr⁻¹]."""


class Pulsar(AbstractElectronHistory):
    """A pulsar that turns a share of its spin-down power into electrons and positrons."""

    injection: AbstractInjection
    clock: AbstractClock
    log10_power: Scalar = param("dex(erg / s)", "log10 of the spin-down power today")
    log10_efficiency: Scalar = param(
        "dex", "log10 of the share of the spin-down power that electrons get, above energy_min", high=0.0
    )
    log10_tau0: Scalar = param("dex(yr)", "log10 of the initial spin-down time")
    braking_index: Scalar = param("", "braking index", low=1.1, high=10.0, default=3.0)
    size: Scalar = param("pc", _SIZE, low=0.0, default=0.0)

    def width(self) -> Scalar:
        """σ of the Gaussian region that releases them [pc]."""
        return self.size

    def age(self) -> Scalar:
        """Age of the pulsar [kyr]."""
        return self.clock.age(self._tau0(), self.braking_index)

    def has_age(self) -> Bool[Array, ""]:
        """Whether its timing leaves it an age: τ₀ < 2τ_c/(n − 1)."""
        return self._tau0() < self.clock.longest(self.braking_index)

    def _tau0(self) -> Scalar:
        return 10.0 ** (self.log10_tau0 - 3.0)

    def power(self, time: Array) -> Array:
        """Power in electrons at a time since birth [kyr], in [GeV cm⁻³ pc³ kyr⁻¹]."""
        now = ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_power + self.log10_efficiency + _PER_KYR)
        return spin_down(time, now, self.age(), self._tau0(), self.braking_index)


class ElectronBurst(AbstractElectrons):
    """Electrons that were all released at once."""

    injection: AbstractInjection
    log10_energy: Scalar = param("dex(erg)", "log10 of the energy released in electrons, above energy_min")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release")
    size: Scalar = param("pc", _SIZE, low=0.0, default=0.0)

    def width(self) -> Scalar:
        """σ of the Gaussian region that releases them [pc]."""
        return self.size

    def age(self) -> Scalar:
        """Time since the release [kyr]."""
        return 10.0 ** (self.log10_age - 3.0)

    def strength(self) -> Scalar:
        """Released energy [GeV cm⁻³ pc³]."""
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_energy - LOG10_ENERGY_UNIT_ERG)


class SteadyElectrons(AbstractElectronHistory):
    """Electrons released at a constant power."""

    injection: AbstractInjection
    log10_power: Scalar = param("dex(erg / s)", "log10 of the power released in electrons, above energy_min")
    log10_age: Scalar = param("dex(yr)", "log10 of the time since the release began")
    size: Scalar = param("pc", _SIZE, low=0.0, default=0.0)

    def width(self) -> Scalar:
        """σ of the Gaussian region that releases them [pc]."""
        return self.size

    def age(self) -> Scalar:
        """Time since the release began [kyr]."""
        return 10.0 ** (self.log10_age - 3.0)

    def power(self, time: Array) -> Array:
        """Released power [GeV cm⁻³ pc³ kyr⁻¹], the same at all times."""
        return ENERGY_UNIT_GEV_PER_PC3 * 10.0 ** (self.log10_power + _PER_KYR) * jnp.ones_like(time)
