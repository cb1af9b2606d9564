"""The energies of the particles that feed the tables, for each component."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from fitting.setup.emission import leptonic
from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import cutoff_paths, span
from fitting.tables.table import Table
from jaxcrc.interactions.inelastic import PION_THRESHOLD
from jaxcrc.scene import Scene, describe
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.units import ELECTRON_MASS, PROTON_MASS

MODEL_LIMIT = 1.0e7  # [GeV] beyond this no particle is followed, unless a cut-off lies so high that it is missed
MISSED = 1.0e-6  # share of the light of the highest photons that a grid may miss for a cut-off beyond it


class Reach(NamedTuple):
    """Energies of particles [GeV]: where they begin to feed the tables, how far a power law feeds the highest photons,
    and whose photons these typically are.
    """

    start: float
    far: float
    highest: float


def _proton_reach(scene: Scene, lowest: float, highest: float, options: Options) -> Reach:
    """Kinetic energies, from the pion threshold (or the lowest photon)."""
    start = max(PION_THRESHOLD, lowest)
    return Reach(start, 1.0e3 * max(highest, start), highest)


def _electron_reach(scene: Scene, lowest: float, highest: float, options: Options) -> Reach:
    """Total energies, from where the lowest photons begin to where the highest end."""
    spans = [process.span(scene, lowest, highest, options) for process in leptonic(options)]
    start = max(1.02 * ELECTRON_MASS, min(low for low, _ in spans))
    middle = max(high for _, high in spans)
    return Reach(start, max(100.0 * middle, 10.0 * start), middle)


REACHES = {"proton": _proton_reach, "electron": _electron_reach}


def _reaches(scene: Scene, tables: Mapping[str, Table], options: Options) -> dict[str, Reach]:
    """Of each kind of particle that the scene has."""
    lows, highs = zip(*(table.reach for table in tables.values()), strict=True)
    lowest = min(float(low.min()) for low in lows)
    highest = max(float(np.where(np.isfinite(high), high, 0.0).max()) for high in highs)
    particles = {model.particle for model in scene.components.values()}
    return {particle: REACHES[particle](scene, lowest, max(highest, lowest), options) for particle in particles}


def energy_grids(scene: Scene, tables: Mapping[str, Table], options: Options) -> dict[str, EnergyGrid]:
    """For each component the energies of its particles that feed the tables.

    Errors: AssemblyError where there is nothing between the lowest photon and `energy_max`.
    """
    grids = {}
    for particle, reach in _reaches(scene, tables, options).items():
        cut = max((high for _, high in cutoffs(scene, particle, options)), default=0.0)
        grids[particle] = GRIDS[particle](reach, options.energy_max or _end(reach, cut), options)
    return {name: grids[model.particle] for name, model in scene.components.items()}


def _end(reach: Reach, cut: float) -> float:
    """Where a grid ends [GeV]: as far as feeds the highest photons by a power law, but at `MODEL_LIMIT` where an
    exponential cut-off leaves next to nothing beyond.
    """
    left = reach.highest / (reach.highest + 10.0 * cut) / MISSED
    return min(reach.far, max(MODEL_LIMIT, reach.highest + cut * max(0.0, math.log(left))))


def cutoffs(scene: Scene, particle: str, options: Options) -> list[tuple[str, float]]:
    """Paths and energies [GeV] of the cut-offs of a particle's components, as far as priors may raise them."""
    starts = tuple(f"components.{name}." for name, model in scene.components.items() if model.particle == particle)
    found = [path for path in cutoff_paths(scene) if path.startswith(starts)]
    return [(path, 10.0 ** (span(scene, path, options)[1] + 3.0)) for path in found]


def cutoff_ranges(scene: Scene, tables: Mapping[str, Table], options: Options) -> dict[str, tuple[float, float]]:
    """{path: (lowest, highest)} of the logarithms of cut-offs for which the energy grids go far enough.

    Where `energy_max` ends them, that was chosen.
    """
    held = {}
    for particle, reach in _reaches(scene, tables, options).items():
        found = [] if options.energy_max else cutoffs(scene, particle, options)
        end = _end(reach, max((cut for _, cut in found), default=0.0))
        for path, cut in found:
            about = describe(scene, path)
            held[path] = about["low"], _highest(reach, end, math.log10(cut) - 3.0, about["high"])
    return held


def _highest(reach: Reach, end: float, low: float, high: float) -> float:
    """The highest logarithm of a cut-off [TeV] for which a grid need not go beyond its end."""

    def beyond(log: float) -> float:
        return _end(reach, 10.0 ** (log + 3.0)) - (1.0 + 1e-9) * end

    return float(brentq(beyond, low, high)) if high > low and beyond(high) > 0.0 else max(low, high)


def _logarithmic(start: float, stop: float, options: Options) -> np.ndarray:
    if not stop > start:
        raise AssemblyError(f"energy_max = {stop:g} GeV is below the lowest particle energy {start:g} GeV: raise it")
    return np.geomspace(start, stop, math.ceil(options.points_per_decade * math.log10(stop / start)) + 1)


def _proton_grid(reach: Reach, stop: float, options: Options) -> EnergyGrid:
    """Kinetic energies of protons, logarithmic."""
    kinetic = _logarithmic(reach.start, stop, options)
    feeds = (kinetic >= reach.start) & (kinetic <= min(stop, 30.0 * reach.highest))
    return EnergyGrid(jnp.asarray(kinetic), jnp.asarray(feeds), PROTON_MASS)


def _electron_grid(reach: Reach, stop: float, options: Options) -> EnergyGrid:
    """Total energies of electrons, logarithmic."""
    total = _logarithmic(reach.start, stop, options)
    feeds = total <= min(stop, 10.0 * reach.highest)
    return EnergyGrid(jnp.asarray(total - ELECTRON_MASS), jnp.asarray(feeds), ELECTRON_MASS)


GRIDS = {"proton": _proton_grid, "electron": _electron_grid}
