"""What every source says of itself."""

from __future__ import annotations

import equinox as eqx

from jaxcrc.units import ELECTRON_MASS, PROTON_MASS

MASSES = {"proton": PROTON_MASS, "electron": ELECTRON_MASS}


class AbstractSource(eqx.Module):
    """Where particles come from; `particle` names what they are: "proton" or "electron"."""

    particle: eqx.AbstractClassVar[str]
