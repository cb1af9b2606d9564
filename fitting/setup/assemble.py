"""(scene, tables, options) -> Setup: which nodes, which matrices, in which units. All of it on the host, once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np

from fitting.problem.priors import suggest
from fitting.setup import places, regions
from fitting.setup import psf as blurs
from fitting.setup.emission import channels, energy_grids
from fitting.setup.options import AssemblyError, Options
from fitting.setup.tube import ribbon
from fitting.tables.table import Table
from jaxcrc.forward import Setup
from jaxcrc.medium.gas import UniformGas
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe import psf as psfs
from jaxcrc.observe import sight, sky
from jaxcrc.observe.clouds import cloud_quadrature
from jaxcrc.responses.base import AbstractResponse, CloudSpectrum, Column, Round
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.points import Points
from jaxcrc.scene import Scene
from jaxcrc.source.release import Ball, Shell
from jaxcrc.transport.ballistic import Ballistic
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.transport.bounded import AbstractBounded
from jaxcrc.transport.cloud.fluxtube import CosmicRayCloud
from jaxcrc.transport.homogeneous import Trapped
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import CM_PER_PC, HYDROGEN_PER_SOLAR_MASS, LIGHT_SPEED

Grids = Mapping[str, EnergyGrid]
CM_PER_KPC = 1.0e3 * CM_PER_PC
AZIMUTHS = 8  # around a cloud, where the cosmic rays are not round


def assemble(scene: Scene, tables: Mapping[str, Table], options: Options | None = None) -> Setup:
    """Constant operators for the tables, as the scene's components shine in them.

    Errors: AssemblyError when a table cannot be predicted from the scene.
    """
    options = options or Options()
    places.check_places(scene, options)
    log_width = {name: _log_width(table) for name, table in tables.items() if table.kind == blurs.INDEX}
    grids = energy_grids(scene, tables, options)
    response = {name: tuple(_responses(scene, name, table, grids, options)) for name, table in tables.items()}
    return Setup(grids, response, log_width)


def _log_width(table: Table) -> jnp.ndarray:
    """ln(e_max/e_min) of the bands of a table of indices. Errors: AssemblyError for an open band."""
    if not np.all(np.isfinite(table.e_max)):
        raise AssemblyError(f"table '{table.name}': an index needs bands with an end; give e_max")
    return jnp.asarray(np.log(table.e_max / table.e_min))


def _responses(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> list[AbstractResponse]:
    if name in options.clouds:
        return [_cloud(scene, name, table, grids, options)]
    components = list(scene.components)
    sea = [c for c in components if isinstance(scene.components[c].transport, Uniform)]
    if table.kind == "cr_energy_density":
        shining = channels(scene, table, grids, options, 1.0, components)
        if not all(_is_round(scene, c) and _at_source(scene, c, options) for c in components):
            raise AssemblyError(f"table '{name}': cr_energy_density is predicted for what is round and at the source")
        return [_round(scene, name, table, shining, options, power=0)]
    factor = CM_PER_KPC / (4.0 * math.pi)
    groups: dict[tuple[object, ...], list[str]] = {}
    for component in components:
        if component not in sea:
            look = _look(scene, component, table, options)
            groups.setdefault((look, places.key(scene, component, options)), []).append(component)
    looks: list[AbstractResponse] = [
        look(scene, name, table, channels(scene, table, grids, options, factor, names), options)
        for (look, _), names in groups.items()
    ]
    if sea and float(scene.view.gas_depth) > 0.0:
        shining = channels(scene, table, grids, options, factor, sea)
        solid = np.ones(table.value.shape[1]) if table.is_mean else regions.solid_angles(table)
        looks.append(Column(projection=jnp.asarray(solid)[None, None, :, None], channels=shining, place="sea"))
    return looks


def _round(
    scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options, power: int = 1
) -> Round:
    factors, span = blurs.widths(scene, name, options)
    centre, offsets = places.centre(scene, table, shining[0].component, options)
    reach = [regions.extent(table, offset) for offset in offsets]
    smallest, outer = min(least for least, _ in reach), max(most for _, most in reach)
    smallest, breaks = _ball_breaks(scene, shining, smallest, options.reach * outer)
    nodes = sight.radial_nodes(smallest, outer, reach=options.reach, breaks=breaks)
    rows = [
        [_matrix(table, nodes, blurs.psf(entry, factor), offset) for entry in blurs.per_band(table)]
        for factor in factors
        for offset in offsets
    ]
    projection = np.asarray(rows)
    if not table.is_mean:
        projection = projection * regions.solid_angles(table)[:, None]
    return Round(
        angle=jnp.asarray(nodes.radius),
        projection=jnp.asarray(projection),
        channels=shining,
        place=f"table {name}{places.around(scene, shining[0].component, options)}",
        power=power,
        psf_span=span,
        centre=centre,
    )


def _points(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Points:
    factors, span = blurs.widths(scene, name, options)
    centre, (offset, *_) = places.centre(scene, table, shining[0].component, options)
    if centre is not None:
        raise AssemblyError(
            f"table '{name}': what is not round, or off the centre of gas that is not uniform, needs a fixed place on "
            f"the sky; drop the prior of the source's offset, or of the place of '{shining[0].component}'"
        )
    smallest, outer = regions.extent(table, offset)
    blurred = [[blurs.psf(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    widths = [sky.width(psf) for row in blurred for psf in row]
    if min(widths) == 0.0 and (math.hypot(*offset) > 0.0 or regions.shape(table) == "box"):
        raise AssemblyError(
            f"table '{name}': what is not round is seen off its centre, or in a box, only through a point-spread "
            "function; give the table its psf"
        )
    edges = np.zeros(0) if table.r_min is None else np.deg2rad(np.concatenate([table.r_min, table.r_max]))
    edges = np.append(edges, outer)
    finest, away = min(widths), math.hypot(*offset)
    azimuths = 24 if away == 0.0 else min(120, max(24, math.ceil(2.0 * math.pi * outer / (0.8 * finest))))
    far = outer + sky.CUT * max(widths)
    nodes = sky.sky_nodes(smallest, far, finest, options.reach * outer, edges, azimuths)
    light = [[regions.caught(table, nodes.sky, psf, offset) * nodes.area for psf in row] for row in blurred]
    projection = np.asarray(light)
    if table.is_mean:
        projection = projection / regions.solid_angles(table)[:, None]
    return Points(
        sky=jnp.asarray(nodes.sky),
        depth=jnp.asarray(nodes.depth),
        length=jnp.asarray(nodes.length),
        projection=jnp.asarray(projection),
        channels=shining,
        place=f"points of table {name}{places.around(scene, shining[0].component, options)}",
        psf_span=span,
    )


def _look(scene: Scene, component: str, table: Table, options: Options) -> Callable[..., AbstractResponse]:
    """What makes the response with which a table sees a component."""
    if _is_ribbon(scene, component, table, options):
        return ribbon
    even = isinstance(scene.gas, UniformGas) or _at_source(scene, component, options)
    return _round if even and _is_round(scene, component) else _points


def _is_round(scene: Scene, component: str) -> bool:
    model = scene.components[component]
    return model.transport.is_round(model.source)


def _at_source(scene: Scene, component: str, options: Options) -> bool:
    return places.key(scene, component, options) == places.AT_SOURCE


def _is_ribbon(scene: Scene, component: str, table: Table, options: Options) -> bool:
    """Whether a table sees a component as a tube crossed by rings: centred, uniform gas."""
    tube = isinstance(scene.components[component].transport, CosmicRayCloud)
    if not tube or not isinstance(scene.gas, UniformGas) or regions.shape(table) == "box":
        return False
    centre, (offset, *_) = places.centre(scene, table, component, options)
    return centre is None and math.hypot(*offset) == 0.0


def _matrix(table: Table, nodes: sight.RadialNodes, psf: psfs.PSF, offset: regions.Vector) -> np.ndarray:
    """What the table's bins see of the density at the nodes [bin, node], the source at an offset [rad]."""
    distance = math.hypot(*offset)
    if regions.shape(table) == "box":
        return sight.box_mean(nodes, regions.box_sides(table, offset), psf)
    if table.r_min is None:
        return sight.aperture_mean(nodes, regions.circle_radius(table), distance, psf)
    edges = np.deg2rad(table.r_min), np.deg2rad(table.r_max)
    if table.kind != "cr_energy_density":
        return sight.annulus_means(nodes, *edges, psf, distance)
    if not table.gas_radius:
        raise AssemblyError(f"table '{table.name}': cr_energy_density needs gas_radius [deg] in its metadata")
    if distance > 0.1 * edges[1][0]:
        raise AssemblyError(
            f"table '{table.name}': its centre lies {math.degrees(distance):.3g} deg from the source's, but the "
            "gas that cr_energy_density is averaged over is centred on the source; extract the profile around it"
        )
    return sight.annulus_line_averages(nodes, *edges, math.radians(table.gas_radius), psf)


def _ball_breaks(
    scene: Scene, shining: tuple[Channel, ...], smallest: float, outermost: float
) -> tuple[float, tuple[float, ...]]:
    """Smallest scale and panel breaks [rad] that resolve the edge of a ball, shell, boundary or light front."""
    breaks: list[float] = []
    for channel in shining:
        model = scene.components[channel.component]
        shape = getattr(model.source, "shape", None)
        if isinstance(model.transport, Trapped):
            radius = float(model.source.release.shock())
        elif isinstance(model.transport, AbstractBounded):
            radius = float(model.transport.boundary)
        elif isinstance(model.transport, Ballistic):
            radius = LIGHT_SPEED * float(model.source.release.time())
        else:
            radius = float(shape.radius) if isinstance(shape, Ball | Shell) else 0.0
        if radius > 0.0:
            angle = radius / (1.0e3 * float(scene.view.distance))
            smallest = min(smallest, 0.5 * angle)
            breaks += [factor * angle for factor in (0.7, 0.9, 1.0, 1.1, 1.3) if factor * angle < outermost]
    return smallest, tuple(breaks)


def _cloud(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> CloudSpectrum:
    cloud = options.clouds[name]
    if cloud not in scene.view.clouds:
        raise AssemblyError(f"table '{name}' looks at an unknown cloud '{cloud}': {suggest(cloud, scene.view.clouds)}")
    shape = options.cloud_shape.get(cloud, "gaussian")
    size = float(scene.view.clouds[cloud].size)
    span = (size / 3.0, size * 3.0)
    sizes = np.deg2rad(np.exp(chebyshev_nodes(math.log(span[0]), math.log(span[1]), blurs.CHEBYSHEV)))
    factors, psf_span = blurs.widths(scene, name, options)
    centre, middle = (table.region or {}).get("centre"), options.centres.get(cloud)
    offset = 0.0 if centre is None or middle is None else regions.separation(centre, middle)
    radius = regions.circle_radius(table)
    inside = [
        [
            [
                psfs.cloud_containment(shape, size, blurs.psf(entry, factor), radius, offset)
                for entry in blurs.per_band(table)
            ]
            for factor in factors
        ]
        for size in sizes
    ]
    contained = np.asarray(inside, float).reshape(len(sizes) * len(factors), -1)
    even = all(_is_round(scene, c) and _at_source(scene, c, options) for c in scene.components)
    node, weight = cloud_quadrature(shape, 1 if even else AZIMUTHS)
    projection = contained[:, :, None, None] * weight
    factor = HYDROGEN_PER_SOLAR_MASS / (4.0 * math.pi * CM_PER_KPC**2)
    return CloudSpectrum(
        node=jnp.asarray(node),
        projection=jnp.asarray(projection),
        channels=channels(scene, table, grids, options, factor, scene.components, cloud=True),
        place=f"cloud {cloud}",
        cloud=cloud,
        size_span=span,
        size_order=blurs.CHEBYSHEV,
        psf_span=psf_span,
    )
