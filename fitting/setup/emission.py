"""How the components of a scene shine in a table: energy grids and emission matrices, made on the host, once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
import numpy as np

from fitting.setup.options import AssemblyError, Options
from fitting.setup.rows import Spectrum, escaping, rows
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.emission.bremsstrahlung import bremsstrahlung_emission
from jaxcrc.emission.compton import inverse_compton_emission
from jaxcrc.emission.hadronic import hadronic_emission
from jaxcrc.emission.synchrotron import CRITICAL, synchrotron_emission
from jaxcrc.interactions.inelastic import PION_THRESHOLD
from jaxcrc.interactions.photon_fields import thermal_energy
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.responses.channel import AbstractMixture, Alone, Channel, Fields, Models, Strength
from jaxcrc.scene import Scene, get, paths
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.units import ELECTRON_MASS, PROTON_MASS

MODEL_LIMIT = 1.0e7  # [GeV] beyond this no particle is followed, unless a cut-off lies so high that it is missed
MISSED = 1.0e-6  # share of the light of the highest photons that a grid may miss for a cut-off beyond it
NODES_PER_DECADE = 16  # Chebyshev nodes in the magnetic field, where a prior names it


Grids = Mapping[str, EnergyGrid]


def energy_grids(scene: Scene, tables: Mapping[str, Table], options: Options) -> dict[str, EnergyGrid]:
    """For each component the energies of its particles that feed the tables.

    Errors: AssemblyError where there is nothing between the lowest photon and `energy_max`.
    """
    lows, highs = zip(*(table.reach for table in tables.values()), strict=True)
    lowest = min(float(low.min()) for low in lows)
    highest = max(float(np.where(np.isfinite(high), high, 0.0).max()) for high in highs)
    makers = {"proton": _proton_grid, "electron": _electron_grid}
    grids = {
        particle: makers[particle](scene, lowest, max(highest, lowest), options)
        for particle in {model.particle for model in scene.components.values()}
    }
    return {name: grids[model.particle] for name, model in scene.components.items()}


def _logarithmic(start: float, stop: float, options: Options) -> np.ndarray:
    if not stop > start:
        raise AssemblyError(f"energy_max = {stop:g} GeV is below the lowest particle energy {start:g} GeV: raise it")
    return np.geomspace(start, stop, math.ceil(options.points_per_decade * math.log10(stop / start)) + 1)


def _end(scene: Scene, particle: str, far: float, highest: float, options: Options) -> float:
    """Where a grid ends [GeV]: as far as feeds the highest photons by a power law, but at `MODEL_LIMIT` where an
    exponential cut-off leaves next to nothing beyond, as far as priors may raise it.
    """
    cut = max(cutoffs(scene, particle, options.spans), default=0.0)
    left = highest / (highest + 10.0 * cut) / MISSED
    return min(far, max(MODEL_LIMIT, highest + cut * max(0.0, math.log(left))))


def cutoffs(scene: Scene, particle: str, spans: Mapping[str, tuple[float, float]]) -> list[float]:
    """The highest cut-off energies [GeV] of the components of a particle, as far as spans of priors may raise them."""
    places = (f"components.{name}." for name, model in scene.components.items() if model.particle == particle)
    starts = tuple(places)
    found = [path for path in paths(scene) if path.endswith(".log10_cutoff") and path.startswith(starts)]
    return [10.0 ** (spans.get(path, (0.0, float(get(scene, path))))[1] + 3.0) for path in found]


def _proton_grid(scene: Scene, lowest: float, highest: float, options: Options) -> EnergyGrid:
    """Kinetic energies of protons, logarithmic from the pion threshold (or the lowest photon)."""
    start = max(PION_THRESHOLD, lowest)
    stop = options.energy_max or _end(scene, "proton", 1.0e3 * max(highest, start), highest, options)
    kinetic = _logarithmic(start, stop, options)
    feeds = (kinetic >= lowest) & (kinetic <= min(stop, 30.0 * highest))
    return EnergyGrid(jnp.asarray(kinetic), jnp.asarray(feeds), PROTON_MASS)


def _electron_grid(scene: Scene, lowest: float, highest: float, options: Options) -> EnergyGrid:
    """Total energies of electrons, logarithmic, from where the lowest photons begin to where the highest end."""
    spans = [process.span(scene, lowest, highest, options) for process in _leptonic(options)]
    start = max(1.02 * ELECTRON_MASS, min(span[0] for span in spans))
    middle = max(span[1] for span in spans)
    stop = options.energy_max or _end(scene, "electron", max(100.0 * middle, 10.0 * start), middle, options)
    total = _logarithmic(start, stop, options)
    feeds = total <= min(stop, 10.0 * middle)
    return EnergyGrid(jnp.asarray(total - ELECTRON_MASS), jnp.asarray(feeds), ELECTRON_MASS)


def _own_span(scene: Scene, lowest: float, highest: float, options: Options) -> tuple[float, float]:
    """Energies [GeV] of electrons that make photons of nearly their own."""
    return lowest, 2.0 * highest


def _synchrotron_span(scene: Scene, lowest: float, highest: float, options: Options) -> tuple[float, float]:
    """Energies [GeV] of electrons whose critical energy is a thirtieth of the lowest photon's, and the highest's."""
    weakest, strongest = _strengths(scene, options)
    start = ELECTRON_MASS * math.sqrt(lowest / (30.0 * CRITICAL * strongest))
    return start, ELECTRON_MASS * math.sqrt(highest / (CRITICAL * weakest))


def _strengths(scene: Scene, options: Options) -> tuple[float, float]:
    """Weakest and strongest magnetic field [µG]."""
    field = float(scene.light.magnetic_field)
    weakest, strongest = options.spans.get("light.magnetic_field", (field, field))
    if not 0.0 < weakest <= strongest < math.inf:
        raise AssemblyError(
            f"electrons shine by synchrotron in fields of {weakest:g} to {strongest:g} uG: keep light.magnetic_field, "
            "and its prior, between positive bounds"
        )
    return weakest, strongest


def _compton_span(scene: Scene, lowest: float, highest: float, options: Options) -> tuple[float, float]:
    """Energies [GeV] of electrons that begin to scatter the hottest field to the lowest photon, and that typically
    scatter the coldest to the highest.
    """
    thermal = [thermal_energy(field.temperature) for field in scene.light.photons.values()]
    if not thermal:
        return lowest, highest
    start = ELECTRON_MASS * math.sqrt(lowest / (120.0 * max(thermal)))
    return max(lowest, start), highest + ELECTRON_MASS * math.sqrt(highest / (4.0 * min(thermal)))


def channels(
    scene: Scene,
    table: Table,
    grids: Mapping[str, EnergyGrid],
    options: Options,
    factor: float,
    components: Iterable[str],
    cloud: bool = False,
) -> tuple[Channel, ...]:
    """How components shine in a table, in the table's unit times whatever `factor` [cm or cm⁻²] leaves open.

    Arguments: cloud — whether the table looks at one cloud, in which only what hits gas shines, by hydrogen nucleus.
    Errors: AssemblyError for an unknown process, and where nothing would shine.
    """
    found = []
    for name in components:
        grid = grids[name]
        if table.quantity.compared is Compared.DENSITY:
            if scene.components[name].particle == "proton":
                found.append(Channel(name, jnp.asarray(_energy_rows(table, grid)), on_gas=False))
            continue
        for matrices, mixture, on_gas in _processes(scene, table, grid, options, scene.components[name].particle):
            if on_gas or not cloud:
                found.append(Channel(name, jnp.asarray(matrices * factor), on_gas and not cloud, mixture))
    if not found:
        raise AssemblyError(
            f"table '{table.name}': no component shines there; add one of protons, or name what electrons shine by in "
            "options.leptonic"
        )
    return tuple(found)


Light = tuple[np.ndarray, AbstractMixture, bool]


def _processes(scene: Scene, table: Table, grid: EnergyGrid, options: Options, particle: str) -> list[Light]:
    """Matrices [mix, photon, energy] of all a particle shines by, their weights, and whether gas is the target."""
    if particle == "proton":
        return [_hadronic(scene, table, grid, options)]
    return [process.light(scene, table, grid, options) for process in _leptonic(options)]


def _leptonic(options: Options) -> list[Leptonic]:
    """What electrons shine by."""
    if not options.leptonic:
        raise AssemblyError("options.leptonic is empty, but there are electrons: name what they shine by")
    for name in options.leptonic:
        if name not in LEPTONIC:
            raise AssemblyError(f"options.leptonic: unknown process '{name}': {suggest(name, LEPTONIC)}")
    return [LEPTONIC[name] for name in options.leptonic]


def _hadronic(scene: Scene, table: Table, grid: EnergyGrid, options: Options) -> Light:
    kinetic = np.asarray(grid.kinetic)
    models = sorted(scene.hadronic.models) or [options.hadronic]
    spectra = [partial(hadronic_emission, energy=kinetic, model=model, nuclear=options.nuclear) for model in models]
    return _stack(scene, table, grid, options, spectra), Models(), True


def _compton(scene: Scene, table: Table, grid: EnergyGrid, options: Options) -> Light:
    total, fields = np.asarray(grid.total), scene.light.photons
    if not fields:
        raise AssemblyError("electrons shine by inverse Compton, but the light has no photon field: add one to [light]")
    spectra = [
        partial(inverse_compton_emission, energy=total, fields=[(field.temperature, 1.0)]) for field in fields.values()
    ]
    return _stack(scene, table, grid, options, spectra), Fields(tuple(fields)), False


def _synchrotron(scene: Scene, table: Table, grid: EnergyGrid, options: Options) -> Light:
    total, (low, high) = np.asarray(grid.total), _strengths(scene, options)
    mixture: AbstractMixture = Alone()
    fields = np.array([low])
    if high > low:
        mixture = Strength(low, high, max(8, math.ceil(NODES_PER_DECADE * math.log10(high / low))))
        fields = np.exp(chebyshev_nodes(math.log(low), math.log(high), mixture.size))
    spectra = [partial(synchrotron_emission, energy=total, field=field) for field in fields]
    return _stack(scene, table, grid, options, spectra), mixture, False


def _bremsstrahlung(scene: Scene, table: Table, grid: EnergyGrid, options: Options) -> Light:
    total = np.asarray(grid.total)
    spectra = [partial(bremsstrahlung_emission, energy=total)]
    return _stack(scene, table, grid, options, spectra), Alone(), True


@dataclass(frozen=True)
class Leptonic:
    """A process by which electrons shine: the energies that take part in it, and its light."""

    span: Callable[[Scene, float, float, Options], tuple[float, float]]
    light: Callable[[Scene, Table, EnergyGrid, Options], Light]


LEPTONIC = {
    "inverse-compton": Leptonic(_compton_span, _compton),
    "synchrotron": Leptonic(_synchrotron_span, _synchrotron),
    "bremsstrahlung": Leptonic(_own_span, _bremsstrahlung),
}


def _stack(scene: Scene, table: Table, grid: EnergyGrid, options: Options, spectra: Iterable[Spectrum]) -> np.ndarray:
    """One matrix of the table's rows for each spectrum."""
    left, end = escaping(options.absorption, scene.light.photons), float(grid.total[-1])
    return np.stack([rows(table, spectrum, end, left) for spectrum in spectra])


def _energy_rows(table: Table, grid: EnergyGrid) -> np.ndarray:
    """Energy density of particles in the table's bands of kinetic energy, as the only matrix of a channel."""
    kinetic = np.asarray(grid.kinetic)
    bands = zip(*table.bands, strict=True)
    return np.stack([energy_weights(kinetic, low, high) for low, high in bands])[None] * table.unit_factor


def energy_weights(kinetic: np.ndarray, low: float, high: float) -> np.ndarray:
    """Weights w with w @ n = ∫_low^high T n dT [GeV], n linear in ln T between T^-2.5 factors (product trapezoid)."""
    edge = np.log(kinetic)
    nodes, weights = np.polynomial.legendre.leggauss(6)
    total = np.zeros_like(kinetic)
    for index, (start, stop) in enumerate(itertools.pairwise(edge)):
        a, b = max(start, math.log(low)), min(stop, math.log(high) if math.isfinite(high) else stop)
        if b <= a:
            continue
        x = 0.5 * (b - a) * nodes + 0.5 * (a + b)
        share = (x - start) / (stop - start)
        measure = 0.5 * (b - a) * weights * np.exp(2.0 * x)
        total[index] += np.sum(measure * (1.0 - share) * np.exp(-2.5 * (x - start)))
        total[index + 1] += np.sum(measure * share * np.exp(-2.5 * (x - stop)))
    return total
