"""Priors and ties that make no sense for a scene and its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fitting.problem.priors import Prior, PriorError, check
from fitting.setup.options import Options
from fitting.setup.ranges import seas
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from jaxcrc.medium.gas import UniformGas
from jaxcrc.scene import Scene, get


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
        get(scene, follower), get(scene, leader)
    for path in options.spans:
        try:
            get(scene, path)
        except ValueError as error:
            raise PriorError(f"options.spans: {error}") from None
    led = {leader for leader in options.ties.values() if leader in priors}
    for start, why in _idle(scene, tables, options):
        for path in priors:
            if path not in led and (path == start or path.startswith(f"{start}.")):
                raise PriorError(f"{path} has a prior but {why}")


def _idle(scene: Scene, tables: Mapping[str, Table], options: Options) -> Iterator[tuple[str, str]]:
    """Beginnings of paths that nothing feels, and why."""
    for name, table in tables.items():
        if not table.psf:
            yield f"data.{name}.psf_scale", "its table has no psf: give it one, or drop the prior"
        if table.quantity.compared is Compared.INDEX:
            yield f"data.{name}.scale", "an index has no level: use the offset of the table"
    particles = {model.particle for model in scene.components.values()}
    if "electron" not in particles:
        yield "light.magnetic_field", "only electrons feel the field: drop it"
        for field in scene.light.photons:
            if field not in options.absorption:
                yield f"light.photons.{field}", "only electrons feel it, or what it absorbs: drop it"
    if "proton" not in particles or all(t.quantity.compared is Compared.DENSITY for t in tables.values()):
        yield "hadronic", "no protons shine: drop it"
    if tables.keys() <= options.clouds.keys():
        for axis in ("north", "east"):
            yield f"view.offset_{axis}", "no table looks at the source itself: drop it"
        yield "view.gas_depth", "no table looks at the gas around the source: drop it"
    if not seas(scene):
        yield "view.gas_depth", "there is no sea to light it up: give [options] sea, or drop the prior"
    for name in scene.view.clouds:
        if name not in options.clouds.values():
            yield f"view.clouds.{name}", "no table looks at that cloud: drop it"
    if isinstance(scene.gas, UniformGas) and not options.clouds:
        for name in scene.components:
            yield f"components.{name}.place.depth", "only clouds, or gas that is not uniform, feel it: drop it"
