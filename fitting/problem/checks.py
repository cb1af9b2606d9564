"""Priors and ties that make no sense for a scene and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from jax import Array
from jax.core import Tracer

from fitting.problem.priors import Prior, PriorError, bounds, check
from fitting.setup.centres import told
from fitting.setup.options import Options
from fitting.setup.ranges import seas
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from jaxcrc.medium.gas import UniformGas
from jaxcrc.scene import Scene, describe, get, values_at

Felt = Callable[[], frozenset[str]]


class Idle(NamedTuple):
    """Paths that begin so are felt by nothing: why, and what to do instead."""

    start: str
    why: str
    remedy: str = ""

    def holds(self, path: str) -> bool:
        """Whether a path begins so."""
        return path == self.start or path.startswith(f"{self.start}.")

    def words(self, last: str) -> str:
        """The reason and the remedies; last — the one that always helps."""
        return f"{self.why}: {f'{self.remedy}, or ' * bool(self.remedy)}{last}"


def leaders(ties: Mapping[str, str]) -> dict[str, str]:
    """{path that follows: path that leads in the end}. Errors: PriorError where ties run in a circle."""
    found = {}
    for follower, leader in ties.items():
        way = [follower]
        while leader in ties:
            way.append(leader)
            leader = ties[leader]
            if leader in way:
                raise PriorError(f"ties run in a circle: {' -> '.join([*way, leader])}; drop one of them")
        found[follower] = leader
    return found


def check_problem(scene: Scene, tables: Mapping[str, Table], priors: Mapping[str, Prior], options: Options) -> None:
    """Errors: PriorError for a path that does not exist, a prior that nothing would feel, a tie that is none."""
    for path, prior in priors.items():
        check(scene, path, prior.distribution)
    for follower, leader in options.ties.items():
        if follower in priors:
            raise PriorError(f"{follower} is tied to {leader} and has a prior: drop one of the two")
        _check_tie(scene, tables, follower, leader, priors.get(leader))
    for path in options.spans:
        try:
            get(scene, path)
        except ValueError as error:
            raise PriorError(f"options.spans: {error}") from None
    led = {leader for leader in options.ties.values() if leader in priors}
    for idle in idles(scene, tables, options):
        for path in priors:
            if path not in led and idle.holds(path):
                raise PriorError(f"{path} has a prior but {idle.words('drop it')}")
    for path, centre in told(scene, options).items():
        if path in priors:
            raise PriorError(f"{path} has a prior but follows from {centre} and view.centre: drop one of the three")
        if path in options.ties:
            raise PriorError(f"{path} is tied but follows from {centre} and view.centre: drop one of the three")


def check_finite(tables: Mapping[str, Table], predicted: Mapping[str, Any]) -> None:
    """Errors: ValueError naming the first table for which a model gives no number; traced predictions pass."""
    for name, table in tables.items():
        if isinstance(predicted[name], Tracer):
            return
        lost = table.used & ~np.isfinite(np.asarray(predicted[name]))
        if lost.any():
            share = f"{int(lost.sum())} of {int(table.used.sum())} points"
            raise ValueError(
                f"table '{name}': the model gives no number at {share}; look for weights that are all 0, and for "
                "sizes, energies or distances that are absurd"
            )


def check_moved(scene: Scene, tables: Mapping[str, Table], options: Options, moved: Iterable[str], felt: Felt) -> None:
    """Errors: PriorError for a parameter whose value something else decides, or that no table feels.

    Arguments: moved — paths of what is given another value by hand; felt — gives the paths that act, where needed.
    """
    set_by = told(scene, options)
    for path in moved:
        if path in options.ties:
            raise PriorError(f"{path} is tied to {options.ties[path]}: move that one, or drop the tie")
        if path in set_by:
            raise PriorError(f"{path} follows from {set_by[path]} and view.centre: drop one of the two to move it")
        if path not in felt():
            known = (idle for idle in idles(scene, tables, options) if idle.holds(path))
            idle = next(known, Idle(path, "no table feels it"))
            raise PriorError(f"moving {path} does nothing, for {idle.words('leave it')}")


def check_led(scene: Scene, ties: Mapping[str, str], values: Mapping[str, Array]) -> dict[str, Array]:
    """The values of what follows the parameters at {path: value}. Errors: PriorError where one leaves its range."""
    led = {follower: values[leader] for follower, leader in ties.items() if leader in values}
    try:
        return values_at(scene, led)
    except ValueError as error:
        raise PriorError(f"{error}; it is tied to what was moved there") from None


def _check_tie(scene: Scene, tables: Mapping[str, Table], follower: str, leader: str, prior: Prior | None) -> None:
    """Errors: PriorError where the leader is not counted as the follower is, or leaves its range."""
    tie, about = f"{follower} is tied to {leader}", describe(scene, follower)
    units = [_unit(scene, tables, path) or "pure numbers" for path in (follower, leader)]
    if units[0] != units[1]:
        raise PriorError(f"{tie}, but the one counts in {units[0]} and the other in {units[1]}: drop the tie")
    value = float(get(scene, leader))
    ends = (value, value) if prior is None else bounds(prior.distribution)
    low, high = min(value, *ends), max(value, *ends)
    if low < about["low"] or high > about["high"]:
        there = f"is {value:g}" if prior is None else f"reaches [{low:g}, {high:g}]"
        raise PriorError(
            f"{tie}, which {there}, but the model of the one that follows holds in [{about['low']:g}, "
            f"{about['high']:g}] {about['unit']}".rstrip()
            + ": keep the other within, or drop the tie"
        )


def _unit(scene: Scene, tables: Mapping[str, Table], path: str) -> str:
    unit = str(describe(scene, path)["unit"])
    return str(tables[path.split(".")[1]].unit) if unit == "table unit" else unit


def idles(scene: Scene, tables: Mapping[str, Table], options: Options) -> Iterator[Idle]:
    """What nothing feels in a problem, as people put it."""
    for name, table in tables.items():
        if not table.psf:
            yield Idle(f"data.{name}.psf_scale", "its table has no psf", "give it one")
        if table.quantity.compared is Compared.INDEX:
            yield Idle(f"data.{name}.scale", "an index has no level", "use the offset of the table")
    particles = {model.particle for model in scene.components.values()}
    if "electron" not in particles:
        yield Idle("light.magnetic_field", "only electrons feel the field")
        for field in scene.light.photons:
            if field not in options.absorption:
                yield Idle(f"light.photons.{field}", "only electrons feel it, or what it absorbs")
    if "proton" not in particles or all(t.quantity.compared is Compared.DENSITY for t in tables.values()):
        yield Idle("hadronic", "no protons shine")
    if tables.keys() <= options.clouds.keys():
        for axis in ("north", "east"):
            yield Idle(f"view.offset_{axis}", "no table looks at the source itself")
        yield Idle("view.gas_depth", "no table looks at the gas around the source")
    if not seas(scene):
        yield Idle("view.gas_depth", "there is no sea to light it up", "give [options] sea")
    for name in scene.view.clouds:
        if name not in options.clouds.values():
            yield Idle(f"view.clouds.{name}", "no table looks at that cloud")
    if isinstance(scene.gas, UniformGas) and not options.clouds:
        for name in scene.components:
            yield Idle(f"components.{name}.place.depth", "only clouds, or gas that is not uniform, feel it")
