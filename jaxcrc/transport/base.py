"""What a transport is, what it gives back, and how it reports trouble."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float

from jaxcrc._types import Bits, Energy, Front, Position, Scalar
from jaxcrc.medium.gas import AbstractGas
from jaxcrc.medium.light import Light
from jaxcrc.source.base import AbstractSource
from jaxcrc.source.spectrum import momentum

Source = TypeVar("Source", bound=AbstractSource)
Medium = TypeVar("Medium", bound=eqx.Module | None)


class Status(enum.IntFlag):
    """Bits that travel with a Field.

    FAILED and OUTSIDE take a draw out of a fit; the others are counted and reported.
    """

    OK = 0
    FAILED = 1
    SUPERLUMINAL = 2
    BELOW_BOHM = 4
    STRONG_WAVES = 8
    EVANESCENT = 16
    GRID_EDGE = 32
    BALLISTIC = 64
    INCOHERENT = 128
    NO_AGE = 256
    OUTSIDE = 512
    UNRESOLVED = 1024
    THIN = 2048


ADVICE: dict[Status, str] = {
    Status.FAILED: "the solver did not finish: narrow the priors; a cloud may need more damping or more steps",
    Status.SUPERLUMINAL: "particles outrun light (the diffusion front, 4κ > c² t, or the drift at a cloud's edge) at "
    "an energy that feeds the data: lower χ or raise the age",
    Status.BELOW_BOHM: "κ falls below c r_L/3 (in 3 µG where no field is given) at an energy that feeds the data: "
    "raise χ; in a cloud, release less energy",
    Status.STRONG_WAVES: "δB exceeds B in the cloud: quasi-linear theory does not hold",
    Status.EVANESCENT: "waves at this energy do not propagate (ion–neutral collisions): nothing grows, κ = κ₀",
    Status.GRID_EDGE: "particles left through the end of the mesh: enlarge its extent",
    Status.BALLISTIC: "the cloud is shorter than the mean free path: release is not diffusive",
    Status.INCOHERENT: "the half-life exceeds the time to diffuse over the field's coherence length: not one tube",
    Status.NO_AGE: "period and period derivative leave the pulsar no age (τ₀ exceeds 2τ_c/(n − 1)), and a thousandth "
    "of that limit stands in: lower tau0, or narrow the priors",
    Status.OUTSIDE: "a parameter lies where the matrices were not made for: give it a prior that reaches there",
    Status.UNRESOLVED: "what electrons are released, lose or diffuse by changes too fast for the nodes (a step, a "
    "sharp end, a very young source): smooth the law, or take `jaxcrc.lepton_halo`, which looks for steps; or "
    "they drift by more than six diffusion lengths: lower the speed or raise χ",
    Status.THIN: "cosmic rays are thinner on the sky than the points at which a table asks for them: a Gaussian PSF, "
    "uniform gas and regions around the source do without points",
}


class EnergyGrid(eqx.Module):
    """Kinetic energies [GeV] on which a component is solved, the particle's mass, and which of them feed the data."""

    kinetic: Energy
    feeds: Bool[Array, " energy"]
    mass: float = eqx.field(static=True)

    @property
    def total(self) -> Energy:
        """Total energies [GeV]."""
        return self.kinetic + self.mass

    @property
    def momentum(self) -> Energy:
        """pc [GeV]."""
        return momentum(self.kinetic, self.mass)


class Surroundings(eqx.Module):
    """What particles meet on their way: gas, radiation and magnetic field."""

    gas: AbstractGas
    light: Light


class AbstractField(eqx.Module):
    """Cosmic rays around a source, ready to be asked anywhere."""

    status: eqx.AbstractVar[Bits]

    @abstractmethod
    def density(self, position: Position) -> Float[Array, " energy #node"]:
        """n [GeV⁻¹ cm⁻³] at positions [pc] from the source: to the north, to the east, away from us.

        A single column stands for all positions.
        """

    def narrowest(self, reach: Scalar) -> Scalar:
        """How narrow it is at `reach` from the source [pc], where it is not round; infinite where it is."""
        return jnp.full_like(reach, jnp.inf)


class AxialField(AbstractField):
    """Cosmic rays around an axis that know their mean over clouds."""

    @abstractmethod
    def inside(self, shape: str, centre: Float[Array, "3"], size: Scalar) -> Energy:
        """Mean n over the gas of a Gaussian cloud of rms `size` per axis, or a ball of that radius [GeV⁻¹ cm⁻³].

        Arguments: centre — of the cloud, from the source; size [pc].
        """


class Symmetry(enum.Enum):
    """What the field around a source looks like, from which follows how tables look at it."""

    UNIFORM = "the same everywhere"
    ROUND = "a function of the distance from the source"
    TUBE = "a straight cylinder through the source"
    AXIS = "Gaussian across a straight axis through the source"
    NONE = "none that tables could use"


class AbstractTransport(eqx.Module, Generic[Source, Medium]):
    """How particles get from the source to where they are seen; of the kinds of source and medium that it takes.

    sources — classes of the sources whose particles it moves; jumps — whether the field may end in a step at its edges,
    which fixed nodes can only follow where it stays.
    """

    sources: ClassVar[tuple[type[AbstractSource], ...]]
    jumps: ClassVar[bool] = False

    def symmetry(self, source: Source) -> Symmetry:
        """What the field around a source looks like."""
        return Symmetry.ROUND

    def edges(self, source: Source) -> tuple[Scalar, ...]:
        """Radii [pc] at which the field of a source jumps or bends sharply: nodes close in on them."""
        return ()

    def fronts(self, source: Source, momentum: Energy) -> tuple[Front, ...]:
        """The edges of the field of particles of some momenta pc [GeV], wherever each has its own."""
        return tuple(Front(radius) for radius in self.edges(source))

    @abstractmethod
    def solve(self, source: Source, medium: Medium, energy: EnergyGrid, surroundings: Surroundings) -> AbstractField:
        """The Field of one component."""


def flag(condition: Bool[Array, "..."], bit: Status) -> Bits:
    """`bit` where any of the conditions holds, else 0."""
    return jnp.where(jnp.any(condition), int(bit), 0)
