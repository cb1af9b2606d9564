"""Over which range each constant operator has to hold: worked out here, from the priors, for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from fitting.problem.priors import Prior, PriorError, bounds
from fitting.setup.places import AXES
from fitting.tables.table import Table
from jaxcrc.scene import Scene

Span = tuple[float, float]
PSF_SPAN = (0.5, 2.0)  # factors on its width that matrices can follow


def free_spans(
    scene: Scene, tables: Mapping[str, Table], priors: Mapping[str, Prior], ties: Mapping[str, str]
) -> dict[str, Span]:
    """{path: (lowest, highest)} of what bends matrices, or decides on them, and is left free by priors.

    A tie makes its follower as free as its leader. Errors: PriorError for a prior that no matrix can follow.
    """
    spans = {}
    for path in _bending(scene, tables):
        prior = priors.get(ties.get(path, path))
        if prior is not None:
            spans[path] = _checked(path, bounds(prior.distribution))
    return spans


def _bending(scene: Scene, tables: Mapping[str, Table]) -> Iterator[str]:
    """Paths of the parameters that matrices depend on: PSF widths, field, positions, clouds."""
    yield from (f"data.{name}.psf_scale" for name in tables)
    yield "light.magnetic_field"
    yield from (f"view.offset_{axis}" for axis in AXES[:2])
    yield from (f"components.{name}.place.{axis}" for name in scene.components for axis in AXES)
    yield from (f"view.clouds.{name}.{key}" for name in scene.view.clouds for key in ("offset", "depth", "size"))


def _checked(path: str, span: Span) -> Span:
    low, high = span
    if path.endswith(".psf_scale") and not PSF_SPAN[0] <= low < high <= PSF_SPAN[1]:
        least, most = PSF_SPAN
        raise PriorError(
            f"the prior of {path} reaches [{low:g}, {high:g}]: keep the factor within {least:g} and {most:g}"
        )
    on_the_sky = path.endswith(("north", "east"))
    if on_the_sky and not all(map(math.isfinite, span)):
        raise PriorError(f"the prior of {path} has no end: use dist = 'uniform' or 'truncated-normal'")
    return span
