"""How sharply tables see: the point-spread function of each row of light, and the widths that a fit may give it."""

from __future__ import annotations

import math

import numpy as np

from fitting.setup.options import Options
from fitting.setup.ranges import span
from fitting.tables.kinds import Compared
from fitting.tables.table import Table
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe.psf import PSF, Gaussian, NoPSF, TopHat
from jaxcrc.scene import Scene

CHEBYSHEV = 12
SHAPES: dict[str, type[Gaussian] | type[TopHat]] = {"gaussian": Gaussian, "tophat": TopHat}


def psf_of(entry: tuple[str, float] | None, scale: float) -> PSF:
    """A table's point-spread function (its kind and width [deg]), its width times a factor [rad]."""
    if entry is None:
        return NoPSF()
    kind, width = entry
    return SHAPES[kind](math.radians(width) * scale)


def widths(scene: Scene, name: str, options: Options) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Factors on the PSF's width at which matrices are made, and the span they cover."""
    if name not in scene.data:
        return np.ones(1), None
    ends = span(scene, f"data.{name}.psf_scale", options)
    if ends[0] == ends[1]:
        return np.array(ends[:1]), None
    return np.exp(chebyshev_nodes(math.log(ends[0]), math.log(ends[1]), CHEBYSHEV)), ends


def per_band(table: Table) -> tuple[tuple[str, float] | None, ...]:
    """The PSF of each row of light; a single entry where all rows share it. An index has two rows for each band."""
    entries = table.psf or (None,)
    return entries[:1] if len(set(entries)) == 1 else entries * (2 if table.quantity.compared is Compared.INDEX else 1)
