"""How far priors let the parameters move that matrices are made for."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpyro.distributions as dist

from fitting.problem.priors import Prior, PriorError, bounds
from fitting.setup.options import Options
from fitting.setup.ranges import Span, bending
from fitting.tables.table import Table
from jaxcrc.scene import Scene

PSF_SPAN = (0.5, 2.0)  # factors on its width that matrices can follow
TAIL = 1e-7  # of a prior without an end, on either side, that lies beyond what matrices are made for


def free_spans(
    scene: Scene, tables: Mapping[str, Table], priors: Mapping[str, Prior], options: Options
) -> dict[str, Span]:
    """{path: (lowest, highest)} of what bends matrices, or decides on them, and is left free by priors.

    A tie makes its follower as free as its leader. Errors: PriorError for a prior that no matrix can follow.
    """
    spans = {}
    for path in bending(scene, tables, options):
        prior = priors.get(options.ties.get(path, path))
        if prior is not None:
            spans[path] = _checked(path, prior.distribution)
    return spans


def _checked(path: str, distribution: dist.Distribution) -> Span:
    low, high = bounds(distribution)
    if path.endswith(".psf_scale") and not PSF_SPAN[0] <= low < high <= PSF_SPAN[1]:
        least, most = PSF_SPAN
        raise PriorError(
            f"the prior of {path} reaches [{low:g}, {high:g}]: keep the factor within {least:g} and {most:g}"
        )
    on_the_sky = path.endswith(("north", "east"))
    if on_the_sky and not all(map(math.isfinite, (low, high))):
        raise PriorError(f"the prior of {path} has no end: use dist = 'uniform' or 'truncated-normal'")
    if math.isinf(low):
        low = float(distribution.icdf(TAIL))
    if math.isinf(high):
        high = float(distribution.icdf(1.0 - TAIL))
    return low, high
