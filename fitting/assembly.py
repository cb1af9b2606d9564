"""(scene, tables, options) -> Setup: which nodes, which matrices, in which units. All of it on the host, once."""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from fitting import regions
from fitting.options import AssemblyError, Options
from fitting.priors import suggest
from fitting.radiation import channels, energy_grids
from fitting.ribbons import ribbon
from fitting.tables import Table
from jaxcrc.channel import Channel
from jaxcrc.forward import Setup
from jaxcrc.medium.target import UniformGas
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe import psf as psfs
from jaxcrc.observe import sight, sky
from jaxcrc.observe.clouds import cloud_quadrature
from jaxcrc.points import Points
from jaxcrc.response import AbstractResponse, Centre, CloudSpectrum, Column, Round
from jaxcrc.scene import Scene
from jaxcrc.source.release import Ball, Shell
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.transport.bounded import AbstractBounded
from jaxcrc.transport.fluxtube import CosmicRayCloud
from jaxcrc.transport.homogeneous import Trapped
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import CM_PER_PC, HYDROGEN_PER_SOLAR_MASS

Grids = Mapping[str, EnergyGrid]
CM_PER_KPC = 1.0e3 * CM_PER_PC
CHEBYSHEV = 12
AZIMUTHS = 8  # around a cloud, where the cosmic rays are not round
INDEX = "photon_index"


def assemble(scene: Scene, tables: Mapping[str, Table], options: Options | None = None) -> Setup:
    """Constant operators for the tables, as the scene's components shine in them.

    Errors: AssemblyError when a table cannot be predicted from the scene.
    """
    options = options or Options()
    log_width = {name: _log_width(table) for name, table in tables.items() if table.kind == INDEX}
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
    round_ones = [c for c in components if c not in sea]
    if table.kind == "cr_energy_density":
        shining = channels(scene, table, grids, options, 1.0, components)
        if not all(scene.components[c].transport.round for c in components):
            raise AssemblyError(f"table '{name}': cr_energy_density is predicted for what is round only")
        return [_round(scene, name, table, shining, options, power=0)]
    factor = CM_PER_KPC / (4.0 * math.pi)
    looks: list[AbstractResponse] = []
    if round_ones:
        tubes = [c for c in round_ones if _is_ribbon(scene, c, table, options)]
        others = [c for c in round_ones if c not in tubes]
        even = [c for c in others if scene.components[c].transport.round]
        for names, look in ((even, _round), ([c for c in others if c not in even], _points), (tubes, ribbon)):
            if names:
                looks.append(look(scene, name, table, channels(scene, table, grids, options, factor, names), options))
    if sea and float(scene.view.gas_depth) > 0.0:
        shining = channels(scene, table, grids, options, factor, sea)
        solid = np.ones(table.value.shape[1]) if table.is_mean else regions.solid_angles(table)
        looks.append(Column(projection=jnp.asarray(solid)[None, None, :, None], channels=shining, place="sea"))
    return looks


def _psf(entry: tuple[str, float] | None, scale: float) -> psfs.PSF:
    if entry is None:
        return psfs.NoPSF()
    kind, width = entry
    return {"gaussian": psfs.Gaussian, "tophat": psfs.TopHat}[kind](math.radians(width) * scale)


def _widths(scene: Scene, name: str, options: Options) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Factors on the PSF's width at which matrices are made, and the span they cover."""
    span = options.psf_span.get(name)
    if span is None:
        nuisance = scene.data.get(name)
        return np.array([1.0 if nuisance is None else float(nuisance.psf_scale)]), None
    return np.exp(chebyshev_nodes(math.log(span[0]), math.log(span[1]), CHEBYSHEV)), span


def _per_band(table: Table) -> tuple[tuple[str, float] | None, ...]:
    """The PSF of each row of light; a single entry where all rows share it. An index has two rows for each band."""
    entries = table.psf or (None,)
    return entries[:1] if len(set(entries)) == 1 else entries * (2 if table.kind == INDEX else 1)


def _round(
    scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options, power: int = 1
) -> Round:
    factors, span = _widths(scene, name, options)
    centre, offsets = _centre(scene, table, options)
    reach = [regions.extent(table, offset) for offset in offsets]
    smallest, outer = min(least for least, _ in reach), max(most for _, most in reach)
    smallest, breaks = _ball_breaks(scene, shining, smallest, options.reach * outer)
    nodes = sight.radial_nodes(smallest, outer, reach=options.reach, breaks=breaks)
    rows = [
        [_matrix(table, nodes, _psf(entry, factor), offset) for entry in _per_band(table)]
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
        place=f"table {name}",
        power=power,
        psf_span=span,
        centre=centre,
    )


def _points(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Points:
    factors, span = _widths(scene, name, options)
    if options.centre_span is not None:
        raise AssemblyError(
            f"table '{name}': what is not round needs a fixed source; drop the prior of the source's offset"
        )
    _, (offset,) = _centre(scene, table, options)
    smallest, outer = regions.extent(table, offset)
    blurs = [[_psf(entry, factor) for entry in _per_band(table)] for factor in factors]
    widths = [sky.width(psf) for row in blurs for psf in row]
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
    light = [[regions.caught(table, nodes.sky, psf, offset) * nodes.area for psf in row] for row in blurs]
    projection = np.asarray(light)
    if table.is_mean:
        projection = projection / regions.solid_angles(table)[:, None]
    return Points(
        sky=jnp.asarray(nodes.sky),
        depth=jnp.asarray(nodes.depth),
        length=jnp.asarray(nodes.length),
        projection=jnp.asarray(projection),
        channels=shining,
        place=f"points of table {name}",
        psf_span=span,
    )


def _is_ribbon(scene: Scene, component: str, table: Table, options: Options) -> bool:
    """Whether a table sees a component as a tube crossed by rings: no PSF, centred, uniform gas."""
    tube = isinstance(scene.components[component].transport, CosmicRayCloud)
    if not tube or table.psf is not None or not isinstance(scene.gas, UniformGas) or options.centre_span is not None:
        return False
    _, (offset,) = _centre(scene, table, options)
    return math.hypot(*offset) == 0.0 and regions.shape(table) != "box"


def _centre(scene: Scene, table: Table, options: Options) -> tuple[Centre | None, list[regions.Vector]]:
    """How the source's place bends the matrix, and the offsets [rad] of the table from it at which to make matrices."""
    north, east = regions.place(table, options)
    if options.centre_span is None:
        return None, [
            (north - math.radians(float(scene.view.offset_north)), east - math.radians(float(scene.view.offset_east)))
        ]
    if regions.shape(table) == "box":
        raise AssemblyError(f"table '{table.name}': a box needs a fixed source; drop the prior of the source's offset")
    distance, freedom = math.degrees(math.hypot(north, east)), math.hypot(*options.centre_span)
    span = (max(0.0, distance - freedom), distance + freedom)
    widths = [width for _, width in table.psf or ()]
    finest = math.hypot(min(widths, default=0.0), 0.5 * math.degrees(regions.extent(table, (0.0, 0.0))[0]))
    order = min(40, 8 + math.ceil(4.0 * (span[1] - span[0]) / finest))
    squares = chebyshev_nodes(span[0] ** 2, span[1] ** 2, order)
    place = (math.degrees(north), math.degrees(east))
    return Centre(place, span, order), [(math.radians(math.sqrt(square)), 0.0) for square in squares]


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
    """Smallest scale and panel breaks [rad] that resolve the edge of a ball, shell or boundary of the scene."""
    breaks: list[float] = []
    for channel in shining:
        model = scene.components[channel.component]
        shape = getattr(model.source, "shape", None)
        if isinstance(model.transport, Trapped):
            radius = float(model.source.release.shock())
        elif isinstance(model.transport, AbstractBounded):
            radius = float(model.transport.boundary)
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
    sizes = np.deg2rad(np.exp(chebyshev_nodes(math.log(span[0]), math.log(span[1]), CHEBYSHEV)))
    factors, psf_span = _widths(scene, name, options)
    centre, middle = (table.region or {}).get("centre"), options.centres.get(cloud)
    offset = 0.0 if centre is None or middle is None else regions.separation(centre, middle)
    radius = regions.circle_radius(table)
    inside = [
        [
            [psfs.cloud_containment(shape, size, _psf(entry, factor), radius, offset) for entry in _per_band(table)]
            for factor in factors
        ]
        for size in sizes
    ]
    contained = np.asarray(inside, float).reshape(len(sizes) * len(factors), -1)
    turned = any(not model.transport.round for model in scene.components.values())
    node, weight = cloud_quadrature(shape, AZIMUTHS if turned else 1)
    projection = contained[:, :, None, None] * weight
    factor = HYDROGEN_PER_SOLAR_MASS / (4.0 * math.pi * CM_PER_KPC**2)
    return CloudSpectrum(
        node=jnp.asarray(node),
        projection=jnp.asarray(projection),
        channels=channels(scene, table, grids, options, factor, scene.components, cloud=True),
        place=f"cloud {cloud}",
        cloud=cloud,
        size_span=span,
        size_order=CHEBYSHEV,
        psf_span=psf_span,
    )
