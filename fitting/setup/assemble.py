"""(scene, tables, options) -> Setup: which components a table sees in which way, and where the light falls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np

from fitting.setup import places
from fitting.setup.centres import check_centres, check_clouds
from fitting.setup.cloud import cloud_spectrum
from fitting.setup.cuts import cuts
from fitting.setup.emission import Grids, channels
from fitting.setup.grids import cutoff_ranges, energy_grids
from fitting.setup.options import AssemblyError, Options
from fitting.setup.points import points
from fitting.setup.ranges import is_cut, ranges, seas, sky_ranges, span
from fitting.setup.round import round_response, symmetry
from fitting.setup.tube import ribbon
from fitting.tables.checks import TableError
from fitting.tables.kinds import Compared
from fitting.tables.regions import Box
from fitting.tables.table import Table
from jaxcrc.forward import Setup
from jaxcrc.medium.gas import UniformGas
from jaxcrc.responses.base import AbstractResponse
from jaxcrc.responses.round import Column
from jaxcrc.scene import Model, Nuisance, Scene
from jaxcrc.source.sea import LocalSea
from jaxcrc.transport.base import Symmetry
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import CM_PER_KPC

Look = Callable[..., AbstractResponse]


def assemble(scene: Scene, tables: Mapping[str, Table], options: Options | None = None) -> Setup:
    """Constant operators for the tables, as the scene's components shine in them.

    Errors: AssemblyError when a table cannot be predicted from the scene.
    """
    options = options or Options()
    places.check_places(scene, options)
    check_clouds(scene, options)
    check_centres(tables, options)
    tables = {name: places.oriented(table, options) for name, table in tables.items()}
    log_width = {n: _log_width(table) for n, table in tables.items() if table.quantity.compared is Compared.INDEX}
    grids = energy_grids(scene, tables, options)
    response = {name: _responses(scene, name, table, grids, options) for name, table in tables.items()}
    held = sky_ranges(scene) | ranges(scene, tables, options) | cutoff_ranges(scene, tables, options)
    return Setup(grids, response, log_width, {path: jnp.asarray(ends) for path, ends in held.items()})


def _log_width(table: Table) -> jnp.ndarray:
    """ln(e_max/e_min) of the bands of a table of indices. Errors: AssemblyError for an open band."""
    low, high = table.bands
    if not np.all(np.isfinite(high)):
        raise AssemblyError(f"table '{table.name}': an index needs bands with an end; give e_max")
    return jnp.asarray(np.log(high / low))


def _responses(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> tuple[AbstractResponse, ...]:
    """All that a table's reading is the sum of."""
    try:
        if name in options.clouds:
            return (cloud_spectrum(scene, name, table, grids, options),)
        if table.quantity.compared is Compared.DENSITY:
            return (_densities(scene, name, table, grids, options),)
        return tuple(_sights(scene, name, table, grids, options))
    except TableError as error:
        raise AssemblyError(f"table '{name}': {error}") from None


def _densities(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> AbstractResponse:
    """How a table of energy densities sees all components: around the source."""
    shining = channels(scene, table, grids, options, 1.0, scene.components)
    for component in scene.components:
        even = symmetry(scene, component) in (Symmetry.ROUND, Symmetry.UNIFORM)
        if not even or places.key(scene, component, options) != places.AT_SOURCE:
            raise AssemblyError(f"table '{name}': cr_energy_density is predicted for what is round and at the source")
    return round_response(scene, name, table, shining, options, power=0)


def _sights(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> list[AbstractResponse]:
    """How a table on the sky sees the components: those that look alike together, and the sea through all gas."""
    factor = CM_PER_KPC / (4.0 * math.pi)
    sea = seas(scene)
    groups: dict[tuple[object, ...], tuple[Look, list[str]]] = {}
    for component in scene.components:
        if component not in sea:
            look = _look(scene, component, table, options)
            groups.setdefault((look, places.key(scene, component, options)), (look, []))[1].append(component)
    looks = [
        look(scene, name, table, channels(scene, table, grids, options, factor, names), options)
        for look, names in groups.values()
    ]
    if sea and span(scene, "view.gas_depth", options)[1] > 0.0:
        shining = channels(scene, table, grids, options, factor, sea)
        solid = np.ones(table.region.bins) if table.is_mean else table.region.solid_angles()
        looks.append(Column(projection=jnp.asarray(solid)[None, None, :, None], channels=shining, place=("sea",)))
    return looks


def _look(scene: Scene, component: str, table: Table, options: Options) -> Look:
    """What makes the response with which a table sees a component."""
    here, uniform = symmetry(scene, component), isinstance(scene.gas, UniformGas)
    if here is Symmetry.TUBE and uniform and _is_centred(scene, component, table, options):
        return ribbon
    if is_cut(scene, component, table, options):
        return cuts
    even = uniform or places.key(scene, component, options) == places.AT_SOURCE
    return round_response if here is Symmetry.ROUND and even else points


def _is_centred(scene: Scene, component: str, table: Table, options: Options) -> bool:
    """Whether a table's bins are round, and around the component."""
    if isinstance(table.region, Box):
        return False
    centre, (offset, *_) = places.centre(scene, table, component, options)
    return centre is None and math.hypot(*offset) == 0.0


def complete(scene: Scene, tables: Mapping[str, Table], options: Options) -> Scene:
    """The scene with a nuisance entry for each table and, if asked for, the sea."""
    components = dict(scene.components)
    if options.sea is not None:
        added = Model(LocalSea(reference=options.sea), None, Uniform())
        if components.setdefault("sea", added).source != added.source:
            raise AssemblyError(
                f"[options] sea = '{options.sea}' adds a component 'sea', but another is called so: give that one "
                "another name, or drop the option"
            )
    data = {name: scene.data.get(name, Nuisance()) for name in tables}
    return Scene(components, scene.view, data, scene.gas, scene.light, scene.hadronic)
