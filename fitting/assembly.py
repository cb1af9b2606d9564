"""(scene, tables, options) -> Setup: which nodes, which matrices, in which units. All of it on the host, once."""

from __future__ import annotations

import math
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from fitting.options import AssemblyError, Options
from fitting.priors import suggest
from fitting.shining import channels, energy_grids
from fitting.tables import Table
from jaxcrc.channel import Channel
from jaxcrc.forward import Setup
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe import psf as psfs
from jaxcrc.observe import sight
from jaxcrc.observe.clouds import cloud_quadrature
from jaxcrc.response import AbstractResponse, CloudSpectrum, Column, Round
from jaxcrc.scene import Scene
from jaxcrc.source.release import Ball
from jaxcrc.transport.base import EnergyGrid
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import CM_PER_PC, HYDROGEN_PER_SOLAR_MASS

Grids = Mapping[str, EnergyGrid]
CM_PER_KPC = 1.0e3 * CM_PER_PC
CHEBYSHEV = 12


def assemble(scene: Scene, tables: Mapping[str, Table], options: Options | None = None) -> Setup:
    """Constant operators for the tables, as the scene's components shine in them.

    Errors: AssemblyError when a table cannot be predicted from the scene.
    """
    options = options or Options()
    grids = energy_grids(scene, tables, options)
    response = {name: tuple(_responses(scene, name, table, grids, options)) for name, table in tables.items()}
    return Setup(grids, response)


def _responses(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> list[AbstractResponse]:
    if name in options.clouds:
        return [_cloud(scene, name, table, grids, options)]
    components = list(scene.components)
    sea = [c for c in components if isinstance(scene.components[c].transport, Uniform)]
    round_ones = [c for c in components if c not in sea]
    if table.kind == "cr_energy_density":
        shining = channels(scene, table, grids, options, 1.0, components)
        return [_round(scene, name, table, shining, options, power=0)]
    factor = CM_PER_KPC / (4.0 * math.pi)
    looks: list[AbstractResponse] = []
    if round_ones:
        shining = channels(scene, table, grids, options, factor, round_ones)
        looks.append(_round(scene, name, table, shining, options, power=1))
    if sea and float(scene.view.gas_depth) > 0.0:
        shining = channels(scene, table, grids, options, factor, sea)
        solid = np.ones(table.value.shape[1]) if table.is_mean else _solid_angles(table)
        looks.append(Column(projection=jnp.asarray(solid)[None, None, :, None], channels=shining, place="sea"))
    return looks


def _solid_angles(table: Table) -> np.ndarray:
    """Solid angle of each annulus, or of the aperture [sr]."""
    if table.r_min is None:
        return np.atleast_1d(math.pi * _region_radius(table) ** 2)
    return math.pi * (np.deg2rad(table.r_max) ** 2 - np.deg2rad(table.r_min) ** 2)


def _region_radius(table: Table) -> float:
    """Radius of the table's aperture [rad], infinite for the total flux."""
    region = table.region or {}
    shape = region.get("shape")
    if shape == "total":
        return math.inf
    if shape != "circle":
        raise AssemblyError(
            f"table '{table.name}': region shape '{shape}' cannot be predicted; use a circle or 'total'"
        )
    return math.radians(float(region["radius"]))


def separation(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Angle between two positions (RA, Dec) [deg] on the sky [rad], from the chord between unit vectors."""
    one, two = (
        np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
        for a, d in (np.deg2rad(first), np.deg2rad(second))
    )
    return 2.0 * math.asin(min(1.0, 0.5 * float(np.linalg.norm(one - two))))


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
    """The PSF of each photon row; a single entry where all rows share it."""
    entries = table.psf or (None,)
    return entries[:1] if len(set(entries)) == 1 else entries


def _round(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options, power: int) -> Round:
    factors, span = _widths(scene, name, options)
    offset = _offset(table, options)
    if table.r_min is None:
        outer = _region_radius(table) + offset
        if not math.isfinite(outer):
            raise AssemblyError(f"table '{name}': a total flux needs a cloud or a region; give `cloud` or a circle")
        smallest = 0.05 * outer
    else:
        outer, smallest = math.radians(table.r_max[-1]), math.radians(min(table.r_max - table.r_min))
        if offset > 0.1 * math.radians(table.r_max[0]):
            raise AssemblyError(
                f"table '{name}': its centre lies {math.degrees(offset):.3g} deg from the source's; "
                "extract the profile around the source"
            )
    smallest, breaks = _ball_breaks(scene, shining, smallest, options.reach * outer)
    nodes = sight.radial_nodes(smallest, outer, reach=options.reach, breaks=breaks)

    def matrix(psf: psfs.PSF) -> np.ndarray:
        if table.r_min is None:
            return sight.aperture_mean(nodes, outer - offset, offset, psf)
        edges = np.deg2rad(table.r_min), np.deg2rad(table.r_max)
        if table.kind == "cr_energy_density":
            if not table.gas_radius:
                raise AssemblyError(f"table '{name}': cr_energy_density needs gas_radius [deg] in its metadata")
            return sight.annulus_line_averages(nodes, *edges, math.radians(table.gas_radius), psf)
        return sight.annulus_means(nodes, *edges, psf)

    rows = [[matrix(_psf(entry, factor)) for entry in _per_band(table)] for factor in factors]
    projection = np.asarray(rows)
    if not table.is_mean:
        projection = projection * _solid_angles(table)[:, None]
    return Round(
        angle=jnp.asarray(nodes.radius),
        projection=jnp.asarray(projection),
        channels=shining,
        place=f"table {name}",
        power=power,
        psf_span=span,
    )


def _ball_breaks(
    scene: Scene, shining: tuple[Channel, ...], smallest: float, outermost: float
) -> tuple[float, tuple[float, ...]]:
    """Smallest scale and panel breaks [rad] that resolve the edge of a releasing ball, at its size in the scene."""
    breaks: list[float] = []
    for channel in shining:
        shape = getattr(scene.components[channel.component].source, "shape", None)
        if isinstance(shape, Ball) and float(shape.radius) > 0.0:
            angle = float(shape.radius) / (1.0e3 * float(scene.view.distance))
            smallest = min(smallest, 0.5 * angle)
            breaks += [factor * angle for factor in (0.7, 0.9, 1.0, 1.1, 1.3) if factor * angle < outermost]
    return smallest, tuple(breaks)


def _offset(table: Table, options: Options) -> float:
    """Angle between the table's centre and the source's [rad]; 0 where either is unknown."""
    centre = table.centre if table.r_min is not None else (table.region or {}).get("centre")
    source = options.centres.get("source")
    return 0.0 if centre is None or source is None else separation(centre, source)


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
    offset = 0.0 if centre is None or middle is None else separation(centre, middle)
    radius = _region_radius(table)
    inside = [
        [
            [psfs.cloud_containment(shape, size, _psf(entry, factor), radius, offset) for entry in _per_band(table)]
            for factor in factors
        ]
        for size in sizes
    ]
    contained = np.asarray(inside, float).reshape(len(sizes) * len(factors), -1)
    node, weight = cloud_quadrature(shape)
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
