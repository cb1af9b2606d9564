"""What `jaxcrc cloud` prints and draws: half-lives, escape and grammage of a cosmic-ray cloud, and its profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import astropy.units as u
import jax.numpy as jnp
import numpy as np
from astropy.table import Table

from jaxcrc.medium.phases import Phase
from jaxcrc.medium.phases import phase as named_phase
from jaxcrc.source.remnant import Remnant
from jaxcrc.transport.base import ADVICE, Status
from jaxcrc.transport.cloud.crossed import grammage
from jaxcrc.transport.cloud.escapes import RELEASES, escape
from jaxcrc.transport.cloud.fluxtube import Moment, at_time
from jaxcrc.transport.cloud.population import coupling, half_life
from jaxcrc.transport.cloud.profile import CloudSolution, solve_cloud
from jaxcrc.transport.cloud.tube import Resolution

SHORT = Resolution(cells=150, after=32, extent=1000.0)  # a little beyond four half-lives
LONG = Resolution(cells=140, after=140, extent=2000.0)  # follows energies that left long ago
TRACK = np.geomspace(1.0, 150.0, 40)  # radii of the half-life's curve [pc]
SPECTRUM = np.geomspace(10.0, 1.0e4, 13)  # energies of the spectra [GeV]
POSITIVE = ("released_energy", "injection_scale", "growth_factor")
MOST = 60  # energies of one study
MOMENTS = (0.25, 1.0, 4.0)  # times of the profiles, in half-lives


@dataclass(frozen=True)
class CloudRequest:
    """A cloud to look at: phase, radius of the remnant [pc], total energies [GeV], and options of `solve_cloud`.

    release, length [pc] of the grammage, distances [pc] of the spectra, extent of the mesh in half-lengths.
    """

    phase: str
    radius: float
    energy: Sequence[float]
    release: str = "halflife"
    length: float = 100.0
    distance: Sequence[float] = (30.0, 100.0)
    extent: float = SHORT.extent
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = {"length": self.length} | {name: self.options[name] for name in POSITIVE if name in self.options}
        for name, value in numbers.items():
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} = {value:g}: give a finite number above 0")
        if len({f"{e:g}" for e in self.energy}) < len(self.energy) or len(self.energy) > MOST:
            raise ValueError(f"{len(self.energy)} energies: give at most {MOST}, each once")

    @property
    def medium(self) -> Phase:
        """The gas. Errors: ValueError for an unknown phase."""
        return named_phase(self.phase)

    @property
    def remnant(self) -> Remnant:
        """1e51 erg and 1.4 solar masses in the phase's own gas."""
        return Remnant(density=self.medium.hydrogen)


@dataclass(frozen=True)
class CloudAnswer:
    """What was found: the table, the solutions at the request's radius, and the half-life [radius, energy] [kyr] over
    `TRACK`.
    """

    request: CloudRequest
    table: Table
    solution: CloudSolution
    curve: np.ndarray


def study(request: CloudRequest) -> CloudAnswer:
    """Solve a cloud at one radius and several energies.

    Errors: ValueError for an unknown phase or option, a radius or energy out of range, κ₀ below Bohm, or a mesh that
    the particles leave.
    """
    energy, radius, options = jnp.asarray(request.energy, float), request.radius, dict(request.options)
    phase = request.medium
    if request.release not in RELEASES:
        raise ValueError(f"unknown release {request.release!r}; choose one of {RELEASES}")
    resolution = replace(SHORT, extent=request.extent)
    solution = solve_cloud(phase, radius, energy, resolution=resolution, **options)
    if bool(jnp.any(solution.status & int(Status.GRID_EDGE))):
        share = float(jnp.max(solution.escaped[:, -1]))
        raise ValueError(
            f"{100.0 * share:.3g} % of the particles leave the mesh within four half-lives; it ends at "
            f"{request.extent:g} half-lengths of the cloud: give a larger --extent"
        )
    left = escape(phase, energy, remnant=request.remnant, release=request.release, **options)
    crossed = grammage(phase, radius, energy, length=request.length, **options)
    curve = half_life(phase, jnp.asarray(TRACK)[:, None], energy[None, :], **options)
    columns = {
        "energy": (energy, u.GeV, "total energy of the protons"),
        "coupling": (coupling(phase, radius, energy, **options), None, "Π at the radius asked for"),
        "half_life": (half_life(phase, radius, energy, **options), u.kyr, "of the cloud at the radius asked for"),
        "escape_radius": (left.radius, u.pc, "radius of the remnant when half-life and age cross"),
        "escape_time": (left.time, u.kyr, "age of the remnant then"),
        "grammage": (crossed, u.g / u.cm**2, f"within {request.length:g} pc of a source of the radius asked for"),
    }
    table = Table()
    for name, (value, unit, words) in columns.items():
        table[name] = np.asarray(value) if unit is None else np.asarray(value) * unit
        table[name].info.description = words
    never = np.asarray(left.status) & int(Status.FAILED) != 0
    for name in ("escape_radius", "escape_time"):
        table[name][never] = np.nan
    bits = [int(s) | (int(Status.FAILED) if n else 0) for s, n in zip(solution.status, never, strict=True)]
    table["status"] = [_words(bit, bool(n)) for bit, n in zip(bits, never, strict=True)]
    table.meta.update(
        phase=request.phase, radius_pc=radius, release=request.release, **{k: _plain(v) for k, v in options.items()}
    )
    return CloudAnswer(request, table, solution, np.asarray(curve))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _words(bits: int, never: bool) -> str:
    words = ["half-life and age do not cross"] if never else []
    hidden = Status.FAILED if never else Status.OK
    words += [bit.name.lower().replace("_", " ") for bit in ADVICE if bits & bit and bit is not hidden and bit.name]
    return "; ".join(words) or "ok"


def advice(table: Table) -> list[str]:
    """A sentence for each flag that occurs in the table."""
    said = " ".join(table["status"])
    names = {(bit.name or "").lower().replace("_", " "): text for bit, text in ADVICE.items()}
    return [f"{name}: {text}" for name, text in names.items() if name in said]


@dataclass(frozen=True)
class Spectra:
    """Densities and diffusion at some distances and ages: [age, distance, energy]; NaN where nothing was released."""

    energy: np.ndarray  # [GeV]
    ages: np.ndarray  # [kyr]
    density: np.ndarray  # E² n [GeV cm⁻³]
    chi: np.ndarray  # κ/κ₀
    kappa0: np.ndarray  # [pc² kyr⁻¹]


def spectra(request: CloudRequest) -> Spectra:
    """Each energy released where its half-life and the remnant's age cross, seen along the tube at three ages."""
    options, energy = dict(request.options), jnp.asarray(SPECTRUM)
    left = escape(request.medium, energy, remnant=request.remnant, release=request.release, **options)
    solution = solve_cloud(request.medium, left.radius, energy, resolution=LONG, **options)
    out = np.asarray(left.status) & int(Status.FAILED) == 0
    time = np.asarray(left.time)
    last = time[out].max() if out.any() else 1.0
    ages = np.array([0.5, 1.2, 4.0]) * float(f"{last:.1g}")
    energy_density = 3.0 * float(request.medium.field_energy)
    density, chi = [], []
    for age in ages:
        elapsed = age - time
        now = at_time(solution, jnp.maximum(jnp.asarray(elapsed), 1e-9))
        seen = out & (elapsed > 0.0) & (elapsed <= np.asarray(solution.time[:, -1]))
        density.append([np.where(seen, energy_density * p, np.nan) for p in _at(now, request.distance, "pressure")])
        chi.append([np.where(seen, c, np.nan) for c in _at(now, request.distance, "chi")])
    kappa0 = np.asarray(solution.kappa[:, 0, -1])
    return Spectra(np.asarray(energy), ages, np.array(density), np.array(chi), kappa0)


def _at(now: Moment, distances: Sequence[float], name: str) -> list[np.ndarray]:
    x = np.asarray(now.z if name == "pressure" else now.z_face)
    y = np.log(np.maximum(np.asarray(getattr(now, name)), 1e-300))
    return [np.exp([np.interp(d, xs, ys) for xs, ys in zip(x, y, strict=True)]) for d in distances]
