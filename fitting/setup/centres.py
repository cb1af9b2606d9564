"""Where tables look and where the source is, both on the sky: known, told by the tables, or contradicting."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping

from fitting.setup.options import AssemblyError, Options
from fitting.tables.regions import at
from fitting.tables.sphere import Vector, bearing, separation
from fitting.tables.table import Table
from jaxcrc.scene import Scene

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


def seen_from(source: Vector, there: Vector) -> dict[str, float]:
    """Where a cloud lies as its parameters say it: `offset` from the source and `azimuth` [deg]."""
    return {"offset": math.degrees(separation(source, there)), "azimuth": math.degrees(bearing(source, there))}


def told(scene: Scene, options: Options) -> dict[str, str]:
    """{path: the key that decides it}, of what positions on the sky say of clouds."""
    placed = [name for name in scene.view.clouds if name in options.centres and SOURCE in options.centres]
    return {f"view.clouds.{name}.{key}": key_of(name) for name in placed for key in ("offset", "azimuth")}


def check_clouds(scene: Scene, options: Options) -> None:
    """Errors: AssemblyError for clouds that take the source's name, or whose positions contradict each other."""
    if SOURCE in scene.view.clouds:
        raise AssemblyError(f"view.clouds.{SOURCE}: the source itself is called so: give the cloud another name")
    for name, cloud in scene.view.clouds.items():
        if key_of(name) not in told(scene, options).values():
            continue
        there = seen_from(options.centres[SOURCE], options.centres[name])
        said, known = (
            cmath.rect(place["offset"], math.radians(place["azimuth"]))
            for place in ({key: float(getattr(cloud, key)) for key in there}, there)
        )
        if (apart := abs(said - known)) > ALIKE:
            raise AssemblyError(
                f"view.clouds.{name}: its offset and azimuth put it {apart:.3g} deg from its centre, as seen from "
                "view.centre: drop offset and azimuth, or the centre"
            )


def place_of(centre: Vector | None) -> str:
    """A position in a sentence; nothing where it is not known."""
    return at(centre).strip()
