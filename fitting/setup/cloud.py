"""A table that looks at one cloud: its quadrature, and how much of its light the table's region holds."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from fitting.setup import psf as blurs
from fitting.setup.emission import Grids, channels
from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import even
from fitting.tables.sphere import separation
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe.clouds import cloud_quadrature
from jaxcrc.observe.psf import cloud_containment
from jaxcrc.responses.cloud import CloudSpectrum
from jaxcrc.scene import Scene
from jaxcrc.units import CM_PER_KPC, HYDROGEN_PER_SOLAR_MASS

AZIMUTHS = 8  # around a cloud, where the cosmic rays are not round
SIZES = 3.0  # factor to both sides of the nominal size over which containment is known


def cloud_spectrum(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> CloudSpectrum:
    """The response of a table that looks at one cloud. Errors: AssemblyError; TableError for a box or annuli."""
    cloud = options.clouds[name]
    if cloud not in scene.view.clouds:
        raise AssemblyError(f"table '{name}' looks at an unknown cloud '{cloud}': {suggest(cloud, scene.view.clouds)}")
    shape = options.cloud_shape.get(cloud, "gaussian")
    size = float(scene.view.clouds[cloud].size)
    span = (size / SIZES, size * SIZES)
    factors, psf_span = blurs.widths(scene, name, options)
    contained = _containment(table, shape, span, factors, options.centres.get(cloud))
    node, weight = cloud_quadrature(shape, 1 if even(scene, options) else AZIMUTHS)
    factor = HYDROGEN_PER_SOLAR_MASS / (4.0 * math.pi * CM_PER_KPC**2)
    return CloudSpectrum(
        node=jnp.asarray(node),
        projection=jnp.asarray(contained[:, :, None, None] * weight),
        channels=channels(scene, table, grids, options, factor, scene.components, cloud=True),
        place=f"cloud {cloud}",
        cloud=cloud,
        size_span=span,
        size_order=blurs.CHEBYSHEV,
        psf_span=psf_span,
    )


def _containment(
    table: Table, shape: str, span: tuple[float, float], factors: np.ndarray, middle: tuple[float, float] | None
) -> np.ndarray:
    """Share of a cloud's light in the table's region [size × PSF width, row], for sizes [deg] over a span."""
    sizes = np.deg2rad(np.exp(chebyshev_nodes(math.log(span[0]), math.log(span[1]), blurs.CHEBYSHEV)))
    centre, radius = table.region.centre, table.region.cloud_radius()
    offset = 0.0 if centre is None or middle is None else separation(centre, middle)
    inside = [
        [cloud_containment(shape, size, blurs.psf_of(entry, factor), radius, offset) for entry in blurs.per_band(table)]
        for size in sizes
        for factor in factors
    ]
    return np.asarray(inside, float).reshape(len(sizes) * len(factors), -1)
