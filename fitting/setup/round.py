"""Matrices of what is round: through annuli, circles and boxes, each row of light with its own PSF."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import between, edge_paths, edge_spans, fed
from fitting.tables.kinds import Compared
from fitting.tables.regions import SKY
from fitting.tables.sphere import Vector
from fitting.tables.table import Table
from jaxcrc.observe import sight
from jaxcrc.observe.psf import PSF
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.round import Round
from jaxcrc.scene import Scene
from jaxcrc.transport.base import Symmetry

BREAKS = (0.7, 0.9, 1.0, 1.1, 1.3)  # of the radius of an edge: where panels of nodes end
STEP = 1.1  # between panels where a parameter moves an edge
PER_WIDTH, FLANK, MOST_PANELS = 2.0, 5.0, 100  # panels in widths of a shell; how far they go on beside it; how many
LEAST = 0.1  # of the smallest scale of a table: down to where a moving edge is followed


def symmetry(scene: Scene, component: str) -> Symmetry:
    """What a component's cosmic rays look like from its own place."""
    model = scene.components[component]
    return model.transport.symmetry(model.source)


def round_response(
    scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options, power: int = 1
) -> Round:
    """The response of a table that sees something round. Errors: AssemblyError, TableError where it has no end."""
    factors, span = blurs.widths(scene, name, options)
    centre, offsets = places.centre(scene, table, shining[0].component, options)
    reach = [table.region.extent(offset) for offset in offsets]
    smallest, outer = min(least for least, _ in reach), max(most for _, most in reach)
    blurred = [[blurs.psf_of(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    places.check_reach(table, outer, blurred)
    smallest, breaks = _breaks(scene, shining, smallest, options.reach * outer, options, table)
    nodes = sight.radial_nodes(smallest, outer, reach=options.reach, breaks=breaks)
    rows = [[_matrix(table, nodes, psf, offset) for psf in row] for row in blurred for offset in offsets]
    projection = np.asarray(rows)
    if not table.is_mean:
        projection = projection * table.region.solid_angles()[:, None]
    return Round(
        angle=jnp.asarray(nodes.radius),
        projection=jnp.asarray(projection),
        channels=shining,
        place=("table", name, *places.around(scene, shining[0].component, options)),
        power=power,
        psf_span=span,
        centre=centre,
    )


def _matrix(table: Table, nodes: sight.RadialNodes, psf: PSF, offset: Vector) -> Float[np.ndarray, "bin node"]:
    """What the table's bins see of the density at the nodes, the component at an offset [rad]."""
    if table.quantity.compared is not Compared.DENSITY:
        return table.region.means(nodes, psf, offset)
    if not table.gas_radius:
        raise AssemblyError(f"table '{table.name}': cr_energy_density needs gas_radius [deg] in its metadata")
    inner, outer = table.annuli.edges()
    distance = math.hypot(*offset)
    if distance > 0.1 * outer[0]:
        raise AssemblyError(
            f"table '{table.name}': its centre lies {math.degrees(distance):.3g} deg from the source's, but the "
            "gas that cr_energy_density is averaged over is centred on the source; extract the profile around it"
        )
    return sight.annulus_line_averages(nodes, inner, outer, math.radians(table.gas_radius), psf, SKY.distance)


def _check_moving(scene: Scene, component: str, options: Options, momentum: np.ndarray, step: bool) -> None:
    """Errors: AssemblyError for an edge that moves and is a step: of the gas, or of the transport."""
    transport = scene.components[component].transport
    free = " and ".join(path for path in edge_paths(scene, component, momentum) if path in options.spans)
    if step:
        raise AssemblyError(
            f"{free} would move, or soften, a step of the gas, which no matrix follows: give gas.edge a value above 0 "
            "(and its prior bounds above 0), or keep both fixed"
        )
    if transport.jumps:
        raise AssemblyError(
            f"{free} would move the place where the cosmic rays of '{component}' "
            f"({type(transport).__name__}) end in a step, which no matrix follows: keep it fixed, and compare cases"
        )


def _breaks(
    scene: Scene, shining: tuple[Channel, ...], smallest: float, outermost: float, options: Options, table: Table
) -> tuple[float, tuple[float, ...]]:
    """Smallest scale and panel breaks (r/d) that resolve the edge of a ball, shell, boundary or light front."""
    breaks: list[float] = []
    momentum = fed([table])
    for component in dict.fromkeys(channel.component for channel in shining):
        for low, high, width, widest in edge_spans(scene, component, options, momentum):
            if width > 0.0:
                near = _thin(low, high, width, component)
            elif high > low or widest > width:
                _check_moving(scene, component, options, momentum, step=width == 0.0)
                low = max(low, LEAST * smallest)  # what is smaller, no bin tells from a point
                near = between(BREAKS[0] * low, BREAKS[-1] * high, STEP) if high > low else []
            else:
                near = [factor * low for factor in BREAKS]
            if high > 0.0:
                smallest = min(smallest, 0.5 * low)
                breaks += [angle for angle in near if angle < outermost]
    return smallest, tuple(breaks)


def _thin(low: float, high: float, width: float, component: str) -> list[float]:
    """Breaks that follow shells of a least width, as a share of their radii, from the innermost to the outermost.

    Errors: AssemblyError where they would be too many.
    """
    inner, outer = low * math.exp(-FLANK * width), high * math.exp(FLANK * width)
    near = between(inner, outer, 1.0 + min(1.0, PER_WIDTH * width))
    if len(near) > MOST_PANELS:
        raise AssemblyError(
            f"edges in '{component}', or in its gas, are only a share of {width:.2g} of their radii thick, and these "
            f"differ by a factor {high / low:.3g}: too many nodes; raise the release's 'spread' (the gas's 'edge'), or "
            "narrow priors"
        )
    return [low * BREAKS[0], *near, high * BREAKS[-1]]
