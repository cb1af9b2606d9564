"""What is odd about a table that can be used: one sentence each, for people to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from fitting.tables.table import Table
from fitting.words import number

SHARPEST, FAINTEST = 1.0e-4, 1.0e3  # errors relative to values, beyond which a unit is likely to be wrong
BLURRED = 10.0  # widths of a PSF in the radius of what is looked through


def remarks(table: Table) -> tuple[str, ...]:
    """What to check in a table."""
    return tuple(sentence for rule in RULES for sentence in rule(table))


def _errors(table: Table) -> Iterator[str]:
    seen = table.measured & (table.value != 0.0)
    if table.layout or not np.any(seen):
        return
    error = 0.5 * (table.error_lo + table.error_hi)[seen]
    typical = float(np.median(error / np.abs(table.value[seen])))
    if not SHARPEST <= typical <= FAINTEST:
        yield f"the errors are typically {number(typical)} of the values: check the units of both columns"


def _blur(table: Table) -> Iterator[str]:
    if table.psf is None or math.isinf(table.region.solid_angles()[0]):
        return
    width, (_, reach) = max(width for _, width in table.psf), table.region.extent((0.0, 0.0))
    if math.radians(width) > BLURRED * reach:
        yield (
            f"the point-spread function ({width:g} deg) is {math.radians(width) / reach:.3g} times as wide as the "
            f"region reaches ({math.degrees(reach):.3g} deg): check the units of both"
        )


RULES: tuple[Callable[[Table], Iterator[str]], ...] = (_errors, _blur)
"""A rule yields a sentence where it finds something; a new one is one row."""
