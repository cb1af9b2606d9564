"""The code's units and the constants expressed in them; the one door to astropy in `jaxcrc`.

Length pc, time kyr, energy GeV, magnetic field µG, density cm⁻³, temperature K, diffusion pc² kyr⁻¹, cross-section mb.
Constants are plain Python floats, so that they take the precision of the array they meet.
"""

from __future__ import annotations

import math
import re
from numbers import Real

import astropy.units as u
import numpy as np

# Physical constants in CGS, as listed at the head of the formula book (CODATA 2018 where the digits allow).
LIGHT_SPEED_CM_S = 2.99792458e10
ELECTRON_CHARGE_ESU = 4.80320471e-10
PROTON_MASS_G = 1.67262192e-24
HYDROGEN_MASS_G = 1.6735575e-24
SOLAR_MASS_G = 1.98847e33
BOLTZMANN_ERG_K = 1.380649e-16
BOLTZMANN_GEV_K = 8.617333262e-14
THOMSON_CM2 = 6.6524587e-25
HBAR_C_GEV_CM = 1.973269804e-14

PROTON_MASS = 0.93827209  # m_p c² [GeV]
PION_MASS = 0.1349766  # m_π0 c² [GeV]
ELECTRON_MASS = 0.51099895e-3  # m_e c² [GeV]

# Conversions: multiply by X_PER_Y to go from Y to X.
CM_PER_PC = 3.0856775815e18
PC_PER_KPC = 1.0e3
CM_PER_KPC = PC_PER_KPC * CM_PER_PC
S_PER_KYR = 3.15576e10
ERG_PER_GEV = 1.602176634e-3
MB_PER_CM2 = 1.0e27
LIGHT_SPEED = LIGHT_SPEED_CM_S * S_PER_KYR / CM_PER_PC  # [pc kyr⁻¹]
CM2_S_PER_PC2_KYR = CM_PER_PC**2 / S_PER_KYR
LOG10_CM2_S_PER_PC2_KYR = math.log10(CM2_S_PER_PC2_KYR)
KM_S_PER_PC_KYR = CM_PER_PC / S_PER_KYR / 1.0e5

MICROGAUSS = 1.0e-6
LARMOR_PC = ERG_PER_GEV / (ELECTRON_CHARGE_ESU * MICROGAUSS) / CM_PER_PC  # r_L of 1 GeV in 1 µG [pc]
FIELD_ENERGY_GEV_CM3 = MICROGAUSS**2 / (8.0 * math.pi) / ERG_PER_GEV  # B²/8π at 1 µG [GeV cm⁻³]

# Released energy is counted in 1e50 erg: in GeV it would overflow single precision.
ENERGY_UNIT_ERG = 1.0e50
LOG10_ENERGY_UNIT_ERG = 50.0
ENERGY_UNIT_GEV_PER_PC3 = ENERGY_UNIT_ERG / ERG_PER_GEV / CM_PER_PC**3  # [GeV cm⁻³ per (1e50 erg pc⁻³)]

# Number of hydrogen masses in a solar mass of gas with helium (1.4 m_H for each hydrogen nucleus).
MEAN_MASS_PER_HYDROGEN = 1.4
HYDROGEN_PER_SOLAR_MASS = SOLAR_MASS_G / (MEAN_MASS_PER_HYDROGEN * HYDROGEN_MASS_G)


def to_float(quantity: object, unit: str) -> float:
    """Value of a quantity in `unit`, as a float.

    Arguments: quantity — an astropy Quantity, a string such as "1e28 cm2 / s", or a plain number taken to be in `unit`.
    Errors: ValueError naming the quantity when its unit cannot be converted.
    """
    if isinstance(quantity, bool):
        raise ValueError(f"{quantity!r} is not a quantity; give a number or a string such as '1 {unit}'")
    try:
        if isinstance(quantity, Real):
            return float(quantity)
    except OverflowError:
        raise ValueError(f"{quantity!r} is too large a number: write it with a power of ten") from None
    value = in_unit(quantity, unit)
    if value.ndim:
        raise ValueError(f"{quantity!r} is not one number")
    return float(value)


Quantity = u.Quantity


def _listed(value: object) -> list[object] | None:
    """What a list or an array holds; None for one value, and for a quantity, whose values share their unit."""
    if isinstance(value, np.ndarray) and value.ndim and not isinstance(value, Quantity):
        return list(value)
    return list(value) if isinstance(value, list | tuple) else None


def is_quantity(value: object) -> bool:
    """Whether a value is a quantity or a text, or a list that holds one, rather than plain numbers."""
    if isinstance(value, np.ndarray) and not isinstance(value, Quantity) and value.dtype.kind not in "OSU":
        return False
    parts = _listed(value)
    return isinstance(value, str | Quantity) if parts is None else any(map(is_quantity, parts))


def in_unit(quantity: object, unit: str | u.UnitBase) -> np.ndarray:
    """Value, or values, of a quantity in `unit`; those of a list may differ in unit.

    Errors: ValueError naming it when its unit cannot be converted.
    """
    parts = _listed(quantity)
    if parts is not None:
        return np.array([in_unit(part, unit) for part in parts])
    try:
        return np.asarray(u.Quantity(quantity).to_value(u.Unit(unit)), float)
    except (u.UnitConversionError, TypeError, ValueError) as error:
        shown = f"values in {quantity.unit}" if isinstance(quantity, u.Quantity) and quantity.ndim else repr(quantity)
        raise ValueError(f"cannot read {shown} as a quantity in {unit or 'no unit'}: {_reason(error)}") from None


def has_unit(quantity: object) -> bool:
    """Whether a quantity, or a string, says its unit; of a list, whether any does."""
    parts = _listed(quantity)
    if parts is not None:
        return any(map(has_unit, parts))
    try:
        return bool(u.Quantity(quantity).unit != u.dimensionless_unscaled)
    except (TypeError, ValueError):
        return True


def unit_of(name: object) -> u.UnitBase:
    """The astropy unit of a name such as "1 / (cm2 s)". Errors: ValueError, in one sentence."""
    try:
        return u.Unit(name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot read {name!r} as a unit: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """What astropy says is wrong, and the name that it proposes, without its advice to programmers: one sentence."""
    said = " ".join(str(error).split()).split(" If this is meant to be a custom unit")[0]
    said = re.sub(r"At col \d+, ", "", said.partition("did not parse as unit: ")[2] or said)
    return said.replace(". Did you mean", ": did you mean").replace(". ", "; ").rstrip(".")
