"""Points on the sky and along lines of sight, for what is not round."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import span as ends_of
from fitting.tables.sphere import Vector
from fitting.tables.table import Table
from jaxcrc.observe import sky
from jaxcrc.observe.globe import turned
from jaxcrc.observe.psf import PSF, NoPSF
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.points import Points
from jaxcrc.scene import Scene

LEAST_EDGE = 0.01  # of the gas, in its radii
AZIMUTHS, MOST_AZIMUTHS = 24, 120
SHARP = 0.15  # of how far a sharp-edged region reaches: the panels between the radii where circles touch its edges


def points(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Points:
    """The response of a table that sees anything. Errors: AssemblyError, TableError where it has no end."""
    factors, span = blurs.widths(scene, name, options)
    centre, (offset, *_) = places.centre(scene, table, shining[0].component, options)
    if centre is not None:
        raise AssemblyError(
            f"table '{name}': what is not round, or off the centre of gas that is not uniform, needs a fixed place on "
            f"the sky; drop the prior of the source's offset, or of the place of '{shining[0].component}'"
        )
    if scene.gas.fronts() and ends_of(scene, "gas.edge", options)[0] < LEAST_EDGE:
        raise AssemblyError(
            f"table '{name}': around '{shining[0].component}', which is not round or not at the gas's centre, edges of "
            f"the gas are followed down to gas.edge = {LEAST_EDGE:g}: raise it"
        )
    smallest, outer = table.region.extent(offset)
    blurred = [[blurs.psf_of(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    places.check_reach(table, outer, blurred)
    widths = [sky.width(psf) for row in blurred for psf in row]
    finest, away = min(widths), math.hypot(*offset)
    azimuths = _azimuths(outer / (finest or smallest), away)
    far, kinks = outer + sky.CUT * max(widths), np.append(table.region.kinks(offset), outer)
    step = 0.0 if finest > 0.0 or (table.region.rings() and away == 0.0) else SHARP * outer
    nodes = sky.sky_nodes(smallest, far, finest, options.reach * outer, kinks, azimuths, step=step, distance=1.0)
    at = places.direction_to(scene, shining[0].component)
    light = [[_caught(table, nodes, psf, offset, azimuths) * nodes.area for psf in row] for row in blurred]
    projection = np.asarray(light)
    if table.is_mean:
        projection = projection / table.region.solid_angles()[:, None]
    return Points(
        foot=jnp.asarray(turned(nodes.foot, at, back=True)),
        along=jnp.asarray(turned(nodes.along, at, back=True)),
        depth=jnp.asarray(nodes.depth),
        length=jnp.asarray(nodes.length),
        projection=jnp.asarray(projection),
        outer=jnp.asarray(outer),
        spacing=jnp.asarray(2.0 * math.pi * outer / azimuths),
        channels=shining,
        place=("points", name, *places.around(scene, shining[0].component, options)),
        psf_span=span,
    )


def _azimuths(fineness: float, away: float) -> int:
    """Points on each circle around what shines: more where the bins lie beside it."""
    return AZIMUTHS if away == 0.0 else min(MOST_AZIMUTHS, max(AZIMUTHS, math.ceil(2.0 * math.pi * fineness / 0.8)))


def _caught(table: Table, nodes: sky.SkyNodes, psf: PSF, offset: Vector, azimuths: int) -> Float[np.ndarray, "bin sky"]:
    """Share of the light that each point stands for that each bin catches."""
    if isinstance(psf, NoPSF):
        return sky.arcs(nodes, azimuths, lambda points: table.region.contains(points, offset))
    return table.region.caught(nodes.sky, psf, offset)
