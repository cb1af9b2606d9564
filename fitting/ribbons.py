"""Rings and circles that see the gas of a flux tube."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from fitting import places, regions
from fitting.options import Options
from fitting.tables import Table
from jaxcrc.channel import Channel
from jaxcrc.ribbon import Ribbon
from jaxcrc.scene import Scene


def ribbon(scene: Scene, name: str, table: Table, shining: tuple[Channel, ...], options: Options) -> Ribbon:
    """The response of a table of rings, or of a circle, around a component."""
    if table.r_min is None:
        inner, outer = np.zeros(1), np.array([regions.circle_radius(table)])
    else:
        inner, outer = np.deg2rad(table.r_min), np.deg2rad(table.r_max)
    solid = np.ones(outer.size) if table.is_mean else regions.solid_angles(table)
    return Ribbon(
        inner=jnp.asarray(inner),
        outer=jnp.asarray(outer),
        projection=jnp.asarray(np.diag(solid))[None, None],
        channels=shining,
        place=f"rings of table {name}{places.around(scene, shining[0].component, options)}",
    )
