"""Points on the sky and along lines of sight, for what is not round."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.options import AssemblyError, Options
from fitting.tables.regions import Box
from fitting.tables.table import Table
from jaxcrc.observe import sky
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.points import Points
from jaxcrc.scene import Scene


def points(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Points:
    """The response of a table that sees anything. Errors: AssemblyError, TableError where it has no end."""
    factors, span = blurs.widths(scene, name, options)
    centre, (offset, *_) = places.centre(scene, table, shining[0].component, options)
    if centre is not None:
        raise AssemblyError(
            f"table '{name}': what is not round, or off the centre of gas that is not uniform, needs a fixed place on "
            f"the sky; drop the prior of the source's offset, or of the place of '{shining[0].component}'"
        )
    smallest, outer = table.region.extent(offset)
    blurred = [[blurs.psf_of(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    widths = [sky.width(psf) for row in blurred for psf in row]
    away = math.hypot(*offset)
    if min(widths) == 0.0 and (away > 0.0 or isinstance(table.region, Box)):
        raise AssemblyError(
            f"table '{name}': what is not round is seen off its centre, or in a box, only through a point-spread "
            "function; give the table its psf"
        )
    finest, far = min(widths), outer + sky.CUT * max(widths)
    azimuths = 24 if away == 0.0 else min(120, max(24, math.ceil(2.0 * math.pi * outer / (0.8 * finest))))
    edges = np.append(table.region.jumps(), outer)
    nodes = sky.sky_nodes(smallest, far, finest, options.reach * outer, edges, azimuths)
    light = [[table.region.caught(nodes.sky, psf, offset) * nodes.area for psf in row] for row in blurred]
    projection = np.asarray(light)
    if table.is_mean:
        projection = projection / table.region.solid_angles()[:, None]
    return Points(
        sky=jnp.asarray(nodes.sky),
        depth=jnp.asarray(nodes.depth),
        length=jnp.asarray(nodes.length),
        projection=jnp.asarray(projection),
        channels=shining,
        place=f"points of table {name}{places.around(scene, shining[0].component, options)}",
        psf_span=span,
    )
