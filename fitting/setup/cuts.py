"""Rings, circles and boxes that see cosmic rays around an axis: lines cut their bins."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from fitting.setup import places
from fitting.setup import psf as blurs
from fitting.setup.options import Options
from fitting.tables.regions import Box
from fitting.tables.table import Table
from jaxcrc.observe.chords import AbstractCut, Rectangle, Rings
from jaxcrc.observe.psf import Gaussian
from jaxcrc.responses.channel import Channel
from jaxcrc.responses.cuts import Cuts
from jaxcrc.scene import Scene


def cuts(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Cuts:
    """The response of a table whose bins are cut."""
    psfs = [blurs.psf_of(entry, 1.0) for entry in blurs.per_band(table)]
    blur = np.array([psf.sigma if isinstance(psf, Gaussian) else 0.0 for psf in psfs])
    bins = table.region.bins
    solid = table.region.solid_angles() if table.is_mean else np.ones(bins)
    # Of the nodes, the bins of each row of light, each bin sees its own.
    own = np.eye(blur.size * bins).reshape(blur.size, bins, -1) / solid[:, None]
    return Cuts(
        cut=_cut(table, np.asarray(places.offset(table, options))),
        blur=jnp.asarray(blur),
        projection=jnp.asarray(own)[None],
        channels=shining,
        table=name,
        place=("cuts", name, *places.around(scene, shining[0].component, options)),
    )


def _cut(table: Table, centre: np.ndarray) -> AbstractCut:
    region, middle = table.region, jnp.asarray(centre)
    if isinstance(region, Box):
        half = jnp.asarray([math.radians(0.5 * region.width), math.radians(0.5 * region.height)])
        return Rectangle(centre=middle, half=half, angle=jnp.asarray(math.radians(region.angle)))
    inner, outer = region.rings() or (np.zeros(0), np.zeros(0))
    return Rings(centre=middle, inner=jnp.asarray(inner), outer=jnp.asarray(outer))
