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
from fitting.setup.ranges import span
from fitting.setup.rows import Spectrum, escaping, rows
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.emission.bremsstrahlung import bremsstrahlung_emission
from jaxcrc.emission.compton import inverse_compton_emission
from jaxcrc.emission.hadronic import hadronic_emission
from jaxcrc.emission.synchrotron import CRITICAL, synchrotron_emission
from jaxcrc.interactions.photon_fields import thermal_energy
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.responses.channel import AbstractMixture, Alone, Channel, Fields, Models, Strength
from jaxcrc.scene import Scene
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.units import ELECTRON_MASS

NODES_PER_DECADE = 16  # Chebyshev nodes in the magnetic field, where a prior names it


Grids = Mapping[str, EnergyGrid]


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
    weakest, strongest = span(scene, "light.magnetic_field", options)
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
    return [process.light(scene, table, grid, options) for process in leptonic(options)]


def leptonic(options: Options) -> list[Leptonic]:
    """What electrons shine by. Errors: AssemblyError for none, and for an unknown process."""
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
