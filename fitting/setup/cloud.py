"""A table that looks at one cloud: its quadrature, and how much of its light the table's region holds."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.emission import Grids, channels
from fitting.setup.options import AssemblyError, Options
from fitting.setup.round import symmetry
from fitting.tables.sphere import separation
from fitting.tables.table import Table
from fitting.words import suggest
from jaxcrc.numerics.interpolate import spline_coefficients
from jaxcrc.observe.inside import Around, Even, Spheres, around_centre
from jaxcrc.observe.psf import cloud_containment
from jaxcrc.observe.sky import width
from jaxcrc.responses.cloud import AbstractMean, Asked, CloudSpectrum, Known, Sizes
from jaxcrc.scene import Scene
from jaxcrc.transport.base import Symmetry
from jaxcrc.units import CM_PER_KPC, HYDROGEN_PER_SOLAR_MASS

FINENESS = 20  # points of the table of containment for each e-fold of the cloud's size
SMALLEST, LARGEST = 1e-3, 1e2  # ends of that table, in the finest and the widest of what is blurred and cut out
OUTSIDE = 3.0  # of a cloud's size: what is not round and never nearer to its centre shines on it from outside


def cloud_spectrum(scene: Scene, name: str, table: Table, grids: Grids, options: Options) -> CloudSpectrum:
    """The response of a table that looks at one cloud. Errors: AssemblyError; TableError for a box or annuli."""
    cloud = options.clouds[name]
    if cloud not in scene.view.clouds:
        raise AssemblyError(f"table '{name}' looks at an unknown cloud '{cloud}': {suggest(cloud, scene.view.clouds)}")
    shape = options.cloud_shape.get(cloud, "gaussian")
    factors, psf_span = blurs.widths(scene, name, options)
    sizes, contained = _containment(table, shape, factors, options.centres.get(cloud))
    factor = HYDROGEN_PER_SOLAR_MASS / (4.0 * math.pi * CM_PER_KPC**2)
    shining = channels(scene, table, grids, options, factor, scene.components, cloud=True)
    return CloudSpectrum(
        inside={c.component: _inside(scene, c.component, cloud, shape, options) for c in shining},
        projection=jnp.asarray(contained[:, :, None, None]),
        channels=shining,
        sizes=sizes,
        place=("cloud", cloud),
        cloud=cloud,
        psf_span=psf_span,
    )


def _inside(scene: Scene, component: str, cloud: str, shape: str, options: Options) -> AbstractMean:
    """How the mean of a component over a cloud is taken."""
    here = symmetry(scene, component)
    if here in (Symmetry.AXIS, Symmetry.TUBE):
        return Known(shape)
    if here is Symmetry.UNIFORM:
        return Asked(Even())
    if here is Symmetry.ROUND:
        return Asked(Spheres(shape))
    nearest, size = places.nearest(scene, component, cloud, options)
    return Asked(around_centre(shape) if nearest > OUTSIDE * size else Around(shape))


def _containment(
    table: Table, shape: str, factors: np.ndarray, middle: tuple[float, float] | None
) -> tuple[Sizes, np.ndarray]:
    """Share of a cloud's light in the table's region, by its size: the basis, and coefficients [basis × PSF, row]."""
    centre, radius = table.region.centre, table.region.cloud_radius()
    offset = 0.0 if centre is None or middle is None else separation(centre, middle)
    blurred = [[blurs.psf_of(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    widths = [width(psf) for row in blurred for psf in row]
    scale = math.hypot(radius, offset, max(widths))
    finite = scale if math.isfinite(scale) else 1.0
    finest = min([finite, radius, *(w for w in widths if w > 0.0)])
    low, high = SMALLEST * finest, LARGEST * finite
    points = math.ceil(FINENESS * math.log(high / low))
    size = np.geomspace(low, high, points)
    inside = [[cloud_containment(shape, size, psf, radius, offset) for psf in row] for row in blurred]
    values = np.asarray(inside).transpose(2, 0, 1) * (1.0 + (size / scale) ** 2)[:, None, None]
    sizes = Sizes((math.degrees(low), math.degrees(high)), points, math.degrees(scale))
    coefficients = spline_coefficients(values)
    return sizes, coefficients.reshape(-1, coefficients.shape[-1])
