"""Where tables look and where the source is, both on the sky: known, told by the tables, or contradicting."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fitting.setup.options import AssemblyError, Options
from fitting.tables.regions import at
from fitting.tables.sphere import Vector, separation
from fitting.tables.table import Table

SOURCE = "source"
ALIKE = 1.0e-4  # [deg] between two spellings of one position


def looked_at(tables: Mapping[str, Table], options: Options) -> dict[str, dict[str, Vector]]:
    """{"source" or cloud: {table that looks at it: its centre (RA, Dec) [deg]}}, for tables whose centre is known."""
    found: dict[str, dict[str, Vector]] = {}
    for name, table in tables.items():
        if table.region.centre is not None:
            found.setdefault(options.clouds.get(name, SOURCE), {})[name] = table.region.centre
    return found


def key_of(body: str) -> str:
    """The key of a case that says where the source, or a cloud, is."""
    return "view.centre" if body == SOURCE else f"view.clouds.{body}.centre"


def check_centres(tables: Mapping[str, Table], options: Options) -> None:
    """Errors: AssemblyError where tables look to different places, and nothing says at which of them the source is."""
    for body, centres in looked_at(tables, options).items():
        (first, origin), *others = centres.items()
        for other, centre in others:
            apart = math.degrees(separation(origin, centre))
            if body not in options.centres and apart > ALIKE:
                raise AssemblyError(
                    f"tables '{first}' and '{other}' look {apart:.3g} deg apart, and nothing says where the "
                    f"{'source' if body == SOURCE else 'cloud'} is: give {key_of(body)}, [RA, Dec] in degrees, such "
                    f"as [{origin[0]:g}, {origin[1]:g}] if it is at the centre of '{first}'"
                )


def place_of(centre: Vector | None) -> str:
    """A position in a sentence; nothing where it is not known."""
    return at(centre).strip()
