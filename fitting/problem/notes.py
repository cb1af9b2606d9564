"""What a problem takes for granted, or what is odd about it: one sentence each, told before a fit and in its report."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from fitting.problem.priors import Prior
from fitting.setup.centres import SOURCE, key_of, looked_at, place_of
from fitting.setup.options import Options
from fitting.tables.remarks import remarks
from fitting.tables.sphere import Vector, separation
from fitting.tables.table import Table
from fitting.words import energy, number
from jaxcrc.medium.losses import pion_loss
from jaxcrc.scene import Scene, get
from jaxcrc.source.pulsar import AbstractElectrons, Pulsar, Timing
from jaxcrc.source.release import Released
from jaxcrc.source.spindown import timing_power
from jaxcrc.transport.homogeneous import Trapped

FAR = 5.0  # [deg] from the source, where the sky is no longer flat
REACHES = 20.0  # of a table's own reach: farther away it looks at something else
SAME_DISTANCE = 0.05  # relative: distances are rounded
ALIKE = 0.5  # share of the rows of the shorter of two tables
UNIVERSE = 1.38e7  # [kyr]
PARAMETRISED = 1.0e6  # [GeV] up to which hadronic models hold
TENTH = 10.0  # energy of protons over that of most of their photons
FEEDING = 30.0  # energy of protons over that of photons to which they give a per cent
COLUMN = 1.0e6  # [cm⁻³ yr] of gas and age, beyond which collisions cost more than two per cent
YR_PER_KYR = 1.0e3
SPREAD = 1.0  # [dex] between a pulsar's power and that of its timing, for other moments of inertia


class Whole(NamedTuple):
    """All that a rule may look at."""

    scene: Scene
    tables: Mapping[str, Table]
    options: Options
    priors: Mapping[str, Prior]


def notes(scene: Scene, tables: Mapping[str, Table], options: Options, priors: Mapping[str, Prior]) -> tuple[str, ...]:
    """What people should know before they fit."""
    whole = Whole(scene, tables, options, priors)
    return tuple(sentence for rule in RULES for sentence in rule(whole))


def _tables(whole: Whole) -> Iterator[str]:
    """What is odd about each table."""
    for name, table in whole.tables.items():
        yield from (f"table '{name}': {remark}" for remark in remarks(table))


def _places(whole: Whole) -> Iterator[str]:
    """Where the source is, if only tables say so; and tables that look far from it."""
    for body, centres in looked_at(whole.tables, whole.options).items():
        what = "the source" if body == SOURCE else f"cloud '{body}'"
        known = whole.options.centres.get(body)
        if known is None:
            first, centre = next(iter(centres.items()))
            yield f"{key_of(body)} is not given: {what} is taken to be at {place_of(centre)}, where '{first}' looks"
            continue
        for name, centre in centres.items():
            yield from _far(name, whole.tables[name], centre, known, what)


def _far(name: str, table: Table, centre: Vector, known: Vector, what: str) -> Iterator[str]:
    apart, solid = separation(known, centre), float(np.sum(table.region.solid_angles()))
    if math.isinf(solid):
        return
    reach = table.region.extent((0.0, 0.0))[1]
    if apart > max(reach, min(math.radians(FAR), REACHES * reach)):
        yield (
            f"table '{name}' looks to {place_of(centre)}, {math.degrees(apart):.3g} deg from {what} at "
            f"{place_of(known)}: check both positions"
        )


def _offsets(whole: Whole) -> Iterator[str]:
    """A source that is moved on the sky, beside clouds that do not know it."""
    if not whole.options.clouds or whole.tables.keys() <= whole.options.clouds.keys():
        return
    for path in ("view.offset_north", "view.offset_east"):
        if path in whole.priors or path in whole.options.ties or float(get(whole.scene, path)):
            seen = ", ".join(f"'{name}'" for name in whole.options.clouds if name in whole.tables)
            yield f"{path} moves the source, but not as seen from its clouds: nothing of it is felt by {seen}"


def _distances(whole: Whole) -> Iterator[str]:
    """Tables that were made for another distance."""
    low, high = _distance(whole)
    for name, table in whole.tables.items():
        if table.distance is None:
            continue
        if not low * (1.0 - SAME_DISTANCE) <= table.distance <= high * (1.0 + SAME_DISTANCE):
            here = f"{low:.3g} kpc" if low == high else f"{low:.3g} to {high:.3g} kpc"
            yield (
                f"table '{name}' is told to be of something at {table.distance:g} kpc, but the fit looks from {here}: "
                "check view.distance, which is the one that counts"
            )


def _distance(whole: Whole) -> tuple[float, float]:
    """Between which distances [kpc] nearly all of the prior lies, or the one that is held."""
    prior = whole.priors.get("view.distance")
    if prior is None or all(table.distance is None for table in whole.tables.values()):
        held = float(whole.scene.view.distance)
        return held, held
    low, high = np.asarray(prior.distribution.icdf(jnp.asarray([0.001, 0.999])))
    return float(low), float(high)


def _twice(whole: Whole) -> Iterator[str]:
    """Rows that count in more than one table."""
    rows = {name: _rows(table) for name, table in whole.tables.items() if not table.layout}
    for (one, first), (two, second) in itertools.combinations(rows.items(), 2):
        common = len(first & second)
        if common and common >= ALIKE * min(len(first), len(second)):
            yield (
                f"tables '{one}' and '{two}' have {common} row{'s' * (common > 1)} in common: the same data count "
                "twice, and errors come out too small; keep one of the two"
            )


def _rows(table: Table) -> set[tuple[str, ...]]:
    """What identifies each measured number, whatever unit it is written in."""
    power = table.quantity.power if table.differential else 0
    factor = table.photon[:, None] ** power * table.unit_factor
    columns = [part / factor for part in (table.value, table.error_lo, table.error_hi)]
    low, high = (table.photon,) * 2 if table.differential else table.reach
    edges = np.transpose([*table.bin_columns().values()]) if table.is_profile else np.zeros((1, 0))
    what = f"{table.quantity.compared} {table.differential} {table.is_mean} {table.region.shape}"
    where = place_of(table.region.centre) if table.is_profile else table.region.words()
    return {
        (what, where, *(f"{x:.5e}" for x in (*edges[j], low[i], high[i], *(column[i, j] for column in columns))))
        for i, j in zip(*np.nonzero(table.used), strict=True)
    }


def _ages(whole: Whole) -> Iterator[str]:
    """Ages beyond that of the universe, and pulsars whose timing contradicts what else is said of them."""
    for name, model in whole.scene.components.items():
        source, place = model.source, f"components.{name}.source"
        if isinstance(source, AbstractElectrons) and not bool(source.has_age()):
            yield (
                f"{place}: period and period_derivative leave no age beside this tau0, and a thousandth of "
                "2τ_c/(n − 1) stands in: lower tau0"
            )
        age = _age(source)
        if age is not None and age > UNIVERSE:
            yield f"{place}: its age is {number(age)} kyr, above that of the universe: check the units of what gives it"
        if isinstance(source, Pulsar) and isinstance(source.clock, Timing):
            yield from _power(source, source.clock, place)


def _age(source: object) -> float | None:
    """Age of a source [kyr]; None where it has none."""
    if isinstance(source, AbstractElectrons):
        return float(source.age())
    return float(source.release.time()) if isinstance(source, Released) else None


def _power(source: Pulsar, clock: Timing, place: str) -> Iterator[str]:
    expected, said = float(timing_power(clock.period, clock.period_derivative)), float(source.log10_power)
    if abs(expected - said) > SPREAD:
        yield (
            f"{place}: period and period_derivative make a spin-down power of 10^{expected:.4g} erg/s, but log10_power "
            f"is {said:.4g}: check the units of the three"
        )


def _energies(whole: Whole) -> Iterator[str]:
    """Photons whose protons lie beyond what hadronic models hold for, or beyond the end of the energy grid."""
    if all(model.particle != "proton" for model in whole.scene.components.values()):
        return
    end = whole.options.energy_max
    for name, table in whole.tables.items():
        highest = float(np.max(table.photon if table.differential else np.where(*_finite(table.reach))))
        if TENTH * highest > PARAMETRISED:
            yield (
                f"table '{name}' reaches {energy(highest)}: most of these photons come from protons above "
                f"{energy(PARAMETRISED)}, where hadronic models are extrapolated"
            )
        if end is not None and FEEDING * highest > 1.01 * end:
            yield (
                f"table '{name}' reaches {energy(highest)}, but options.energy_max ends all particles at "
                f"{energy(end)}: raise it to {energy(FEEDING * highest)} or leave it out"
            )


def _collisions(whole: Whole) -> Iterator[str]:
    """Protons old enough, in gas dense enough, to have lost energy that their transport leaves out."""
    for name, model in whole.scene.components.items():
        source, moved = model.source, model.transport
        if not isinstance(source, Released) or isinstance(moved, Trapped) or getattr(moved, "losses", False):
            continue
        gas, time = float(whole.scene.gas.at(jnp.zeros((1, 3)))[0]), float(source.release.time())
        column = YR_PER_KYR * time * gas
        if column > COLUMN and time < UNIVERSE:
            cure = "set its losses = true" if hasattr(moved, "losses") else "only kind = 'homogeneous' knows them"
            yield (
                f"components.{name}.transport leaves out collisions with the gas, in which protons that feed the "
                f"tables lose {_lost(whole, gas, time)} of their energy over the age (n t = {column:.2g} cm-3 yr): "
                f"{cure}"
            )


def _lost(whole: Whole, gas: float, time: float) -> str:
    """Share of their energy that protons have lost since they were as energetic as those that feed the tables."""
    lows, highs = zip(*(table.reach for table in whole.tables.values()), strict=True)
    finite = [high[np.isfinite(high)] for high in highs]
    photons = np.array(
        [np.min([low.min() for low in lows]), max((high.max() for high in finite if high.size), default=0.0)]
    )
    energies = np.maximum(TENTH * photons, 1.0)
    least, most = 100.0 * -np.expm1(-time * np.sort(np.asarray(pion_loss(energies, gas)) / energies))
    return f"{least:.2g} to {most:.2g} per cent" if f"{least:.2g}" != f"{most:.2g}" else f"{most:.2g} per cent"


def _finite(reach: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether bands have an end, that, and else their beginning."""
    low, high = reach
    return np.isfinite(high), high, low


RULES: tuple[Callable[[Whole], Iterator[str]], ...] = (
    _tables,
    _places,
    _offsets,
    _distances,
    _twice,
    _ages,
    _energies,
    _collisions,
)
"""A rule yields a sentence where it finds something; a new one is one row."""
