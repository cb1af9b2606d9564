"""Rings and circles that see the gas of a flux tube, through a point-spread function or without one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import jax.numpy as jnp
import numpy as np

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.options import AssemblyError, Options
from fitting.tables.regions import SKY
from fitting.tables.table import Table
from jaxcrc.observe import sky
from jaxcrc.observe.psf import PSF, ring_light
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.tube import Ribbon
from jaxcrc.scene import Scene

FINE = 0.25  # of the PSF's width: rings where the edge of a bin is blurred


def ribbon(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Ribbon:
    """The response of a table of rings, or of a circle, around the source. Errors: AssemblyError for a
    box or a total flux."""
    rings = table.region.rings()
    if rings is None:
        raise AssemblyError(f"table '{name}': a tube is seen through rings or a circle, not a {table.region.shape}")
    inner, outer = rings
    factors, span = blurs.widths(scene, name, options)
    rows = [[blurs.psf_of(entry, factor) for entry in blurs.per_band(table)] for factor in factors]
    edges = _edges(np.concatenate([inner, outer]), [psf for row in rows for psf in row])
    places.check_reach(table, float(np.max(outer)), rows)
    light = np.array(
        [[ring_light(psf, outer, edges, SKY) - ring_light(psf, inner, edges, SKY) for psf in row] for row in rows]
    )
    if table.is_mean:
        light = light / table.region.solid_angles()[:, None]
    return Ribbon(
        edges=jnp.asarray(edges),
        projection=jnp.asarray(light),
        channels=shining,
        place=("rings", name, *places.around(scene, shining[0].component, options)),
        psf_span=span,
    )


def _edges(bins: np.ndarray, blur: Iterable[PSF]) -> np.ndarray:
    """Edges of the rings whose light bins share: the bins' own, and fine steps as far as a PSF blurs these [rad]."""
    widths = [sky.width(psf) for psf in blur]
    far, step = sky.CUT * max(widths), FINE * min(widths)
    bins = np.unique(bins)
    edges = np.unique(np.append(bins, 0.0))
    if far > 0.0:
        count = 2 * math.ceil(far / step) + 1
        fine = np.concatenate([np.linspace(edge - far, edge + far, count) for edge in bins])
        apart = np.min(np.abs(fine[:, None] - edges), axis=1) > 0.3 * step
        edges = np.unique(np.concatenate([edges, fine[(fine > 0.0) & apart]]))
        keep = np.append(True, np.diff(edges) > 1e-3 * step)
        edges = edges[keep]
    return edges
