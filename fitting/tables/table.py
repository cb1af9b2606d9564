"""Measured tables: what was measured, with all it takes to predict it.

Energies are in GeV, angles in deg, distances in kpc and values in the table's own unit, which `Table.unit_factor`
connects with predictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np

from fitting.tables import checks
from fitting.tables.checks import TableError
from fitting.tables.gates import ANGLE, DISTANCE, Gate, Span, gated, many, one, pass_gates, psf
from fitting.tables.kinds import Kind, kind_of, native_of
from fitting.tables.regions import AbstractRegion, Annuli

GATES: dict[str, Gate] = {
    **dict.fromkeys(checks.PHOTON_COLUMNS, many("GeV")),
    "psf": psf,
    "distance": one(DISTANCE),
    "confidence": one(Span("")),
    "correlation_length": one(Span("deg", 0.0, above=True)),
    "gas_radius": one(ANGLE),
}
"""What the fields of a table go through."""
POWERS = {"value": 1, "error_lo": 1, "error_hi": 1, "covariance": 2}
"""Fields in the unit of the table, or its square."""


@gated(GATES | dict.fromkeys(POWERS, many("")))
@dataclass(frozen=True, eq=False)
class Table:
    """What was measured, on a grid of photon energies × bins (a spectrum has one bin).

    kind — a row of `fitting.tables.kinds`; value and errors [unit] — NaN where not `used`; the value of a limit is the
    limit, and its errors are NaN; region — `Annuli` of a profile, `Circle`, `Box` or `Total` of a spectrum; e_min,
    e_max, e_ref [GeV]; psf — (shape, σ or radius [deg]) for each energy; distance [kpc]; confidence — probability that
    the limits were given for; covariance [unit²] over the flattened grid, NaN for all but measured points;
    correlation_length [deg], from which the covariance then follows; gas_radius [deg]; simulated — whether no
    instrument measured it; layout — whether it only says where to look, its values ones and its errors relative.
    What has a unit of its own, an Astropy quantity or a text, is converted.

    Errors: TableError (a ValueError), one sentence, where the parts do not fit together.
    """

    name: str
    kind: str
    unit: u.UnitBase
    value: np.ndarray
    error_lo: np.ndarray
    error_hi: np.ndarray
    is_ul: np.ndarray
    used: np.ndarray
    region: AbstractRegion
    e_min: np.ndarray | None = None
    e_max: np.ndarray | None = None
    e_ref: np.ndarray | None = None
    psf: tuple[tuple[str, float], ...] | None = None
    distance: float | None = None
    confidence: float | None = None
    covariance: np.ndarray | None = None
    correlation_length: float | None = None
    gas_radius: float | None = None
    reference: str = ""
    doi: str = ""
    found_at: str = ""
    licence: str = ""
    notes: tuple[str, ...] = ()
    simulated: bool = False
    layout: bool = False
    truth: dict[str, float] | None = None

    def __post_init__(self) -> None:
        native_of(self.kind, self.unit)
        own = {name: many(self.unit**power) for name, power in POWERS.items()}
        pass_gates(self, GATES | own, lambda name, what: TableError(f"{name}: {what}"))
        checks.check_pairs(self.photon_columns())
        checks.check_photon(self.photon_columns(), self.differential)
        _check_grid(self)
        _check_metadata(self)
        if self.correlation_length is not None:
            object.__setattr__(self, "covariance", _covariance(self, self.correlation_length))
        if self.covariance is not None:
            source = "covariance" if self.correlation_length is None else "covariance from 'correlation_length'"
            checks.check_covariance(self.covariance, 0.5 * (self.error_lo + self.error_hi), self.measured, source)

    @property
    def quantity(self) -> Kind:
        """What its kind means."""
        return kind_of(self.kind)

    @property
    def is_profile(self) -> bool:
        """Whether the table has annuli."""
        return isinstance(self.region, Annuli)

    @property
    def annuli(self) -> Annuli:
        """Its annuli. Errors: TableError for a spectrum."""
        if not isinstance(self.region, Annuli):
            raise TableError(f"table '{self.name}' is a spectrum of a {self.region.shape}: it has no annuli")
        return self.region

    @property
    def r_min(self) -> np.ndarray:
        """Inner edges of its annuli [deg]. Errors: TableError for a spectrum."""
        return self.annuli.r_min

    @property
    def r_max(self) -> np.ndarray:
        """Outer edges of its annuli [deg]. Errors: TableError for a spectrum."""
        return self.annuli.r_max

    @property
    def bands(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper edges of the bands [GeV]. Errors: TableError where values are at e_ref alone."""
        if self.e_min is None or self.e_max is None:
            raise TableError(f"table '{self.name}' has no bands: give e_min and e_max")
        return self.e_min, self.e_max

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest energy of each row [GeV]: of its band, or e_ref twice."""
        return (self.photon, self.photon) if self.e_min is None else self.bands

    @property
    def measured(self) -> np.ndarray:
        """True [photon, bin] for points with errors: neither missing nor a limit."""
        return self.used & ~self.is_ul

    @property
    def differential(self) -> bool:
        """Whether values are per photon energy, at e_ref, rather than of a band."""
        return native_of(self.kind, self.unit).per_energy

    @property
    def is_mean(self) -> bool:
        """Whether values are means over an annulus or region (a brightness, a density) rather than sums."""
        return native_of(self.kind, self.unit).mean

    @property
    def unit_factor(self) -> float:
        """Factor on a prediction in GeV, cm, s, sr (GeV⁻¹ cm⁻² s⁻¹ sr⁻¹, GeV cm⁻³, ...) that gives it in `unit`."""
        return float(native_of(self.kind, self.unit).unit.to(self.unit))

    @property
    def photon(self) -> np.ndarray:
        """One energy for each photon row [GeV]: e_ref, else the geometric middle of the band, else its lower edge."""
        if self.e_ref is not None:
            return self.e_ref
        low, high = self.bands
        return np.sqrt(low * np.where(np.isinf(high), low, high))

    def photon_columns(self) -> dict[str, np.ndarray]:
        """The columns of energies that the table has [GeV]."""
        return {name: getattr(self, name) for name in checks.PHOTON_COLUMNS if getattr(self, name) is not None}

    def bin_columns(self) -> dict[str, np.ndarray]:
        """The columns of annulus edges [deg]; none for a spectrum."""
        return {name: getattr(self, name) for name in checks.BIN_COLUMNS} if self.is_profile else {}


def _covariance(table: Table, length: float) -> np.ndarray:
    if not table.is_profile:
        raise TableError("'correlation_length' is set for a spectrum, which has no annuli; give a covariance instead")
    checks.check_correlated(table.value.size)
    error, middle = 0.5 * (table.error_lo + table.error_hi), 0.5 * (table.r_min + table.r_max)
    return checks.correlated_covariance(np.where(table.measured, error, np.nan), middle, length)


def _check_grid(table: Table) -> None:
    photons, annuli = table.photon_columns(), table.bin_columns()
    shape = (table.photon.size, table.region.bins)
    names = ("value", "error_lo", "error_hi", "is_ul", "used")
    wanted = dict.fromkeys(photons, shape[:1]) | dict.fromkeys(annuli, shape[1:]) | dict.fromkeys(names, shape)
    for name, size in wanted.items():
        if getattr(table, name).shape != size:
            raise TableError(f"{name} has shape {getattr(table, name).shape}, not {size}; give photon × bin arrays")
    checks.check_photons(photons, lambda k: f"energy {k + 1}")
    checks.check_annuli(annuli, lambda k: f"annulus {k + 1}")
    cell = np.flatnonzero(table.used)
    value, low, high, is_ul = (getattr(table, name).ravel()[cell] for name in names[:-1])

    def label(k: int) -> str:
        return f"energy {cell[k] // shape[1] + 1}, bin {cell[k] % shape[1] + 1}"

    checks.check_points(value, {"error_lo": low, "error_hi": high}, is_ul, label)
    if table.differential:  # only e_ref counts there, whatever the last digit of printed edges
        checks.check_energies(table.photon)
    else:
        checks.check_apart(*table.reach, "energies", "GeV")
    if table.is_profile:
        checks.check_apart(table.r_min, table.r_max, "annuli", "deg")


def _check_metadata(table: Table) -> None:
    checks.check_confidence(table.confidence)
    if np.any(table.is_ul & table.used) and table.confidence is None:
        raise TableError("there are upper limits but no 'confidence'; give the probability they hold for, such as 0.95")
    if table.psf is not None and len(table.psf) != table.value.shape[0]:
        raise TableError(f"psf has {len(table.psf)} entries for {table.value.shape[0]} energies; give one for each")
