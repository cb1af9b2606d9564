"""Rules that a table of measurements obeys, each with one sentence that says where it is broken and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from fitting.words import suggest

PHOTON_COLUMNS = ("e_min", "e_max", "e_ref")
BIN_COLUMNS = ("r_min", "r_max")
COLUMNS = (*PHOTON_COLUMNS, *BIN_COLUMNS, "value", "error", "error_lo", "error_hi", "is_ul", "covariance")
MIDPOINTS = ("r", "r_ref", "r_mid", "radius", "radii", "theta", "offset", "separation")
PROJECTED = ("x_ref", "x_min", "x_max", "projected-distance", "projected_distance")
BARE_VALUES = ("dnde", "e2dnde", "flux", "eflux", "excess", "surface_brightness")

# Below this eigenvalue of the correlation matrix some combination of points would be known a thousand times better
# than the points themselves, which is beyond the accuracy of any model compared with them.
SMALLEST_EIGENVALUE = 1.0e-6
MOST_CORRELATED = 3000  # points: their covariance is 72 MB
# Rounding an error to two digits moves it by at most 5 %.
ERROR_ROUNDING = 0.05
# Edges that were converted between units may differ in their last digits.
EDGE_ROUNDING = 1.0e-9

Label = Callable[[int], str]


class TableError(ValueError):
    """A table that cannot be used as it stands: one sentence naming the place and the remedy."""


def check_keys(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse the first key that the schema does not know."""
    for key in given:
        if key not in known:
            raise TableError(f"unknown key '{key}' in {where}; {suggest(key, known)}")


def column_remedy(name: str) -> str:
    """What to do about a column that the schema does not know."""
    if name.lower().startswith(PROJECTED):
        return (
            "; a projected distance runs along a row of boxes, which are no annuli: make each a spectrum with "
            "'region: {shape: box, ...}', or name the edges r_min and r_max where the regions were rings"
        )
    if name.lower() in MIDPOINTS:
        return "; an annulus is given by its two edges, in columns r_min and r_max"
    if name.lower() in BARE_VALUES:
        return f"; name it 'value' and put 'kind: {name.lower()}' into the metadata"
    if name.lower() == "ul" or name.lower().endswith("_ul"):
        return "; put the limit into 'value' and set 'is_ul' to True in its row"
    ends = {"_err": "error", "_errn": "error_lo", "_errp": "error_hi"}
    for end, column in ends.items():
        if name.lower().endswith(end):
            return f"; name it '{column}'"
    return f"; {suggest(name, COLUMNS)}"


def check_columns(given: Iterable[str]) -> None:
    """Refuse unknown, missing and contradicting columns."""
    names = list(given)
    for name in names:
        if name not in COLUMNS:
            raise TableError(f"unknown column '{name}'{column_remedy(name)}")
    if "value" not in names:
        raise TableError("column 'value' is missing; add it with its unit")
    pair = [name for name in ("error_lo", "error_hi") if name in names]
    if "error" in names and pair:
        raise TableError(f"columns 'error' and '{pair[0]}' are both given; keep 'error' or the pair error_lo, error_hi")
    if "error" not in names and len(pair) < 2:
        missing = "error" if not pair else ({"error_lo", "error_hi"} - set(pair)).pop()
        raise TableError(f"column '{missing}' is missing; give 'error', or both 'error_lo' and 'error_hi'")
    check_pairs(names)


def check_pairs(names: Iterable[str]) -> None:
    """Refuse a lower edge without its upper one, or the other way round."""
    given = list(names)
    for low, high in (("e_min", "e_max"), BIN_COLUMNS):
        if (low in given) != (high in given):
            one, missing = (low, high) if low in given else (high, low)
            raise TableError(f"column '{missing}' is missing beside '{one}'; give both edges")


def check_photon(names: Iterable[str], differential: bool) -> None:
    """Refuse a differential value without its energy, and an integrated one without its band."""
    if differential and "e_ref" not in names:
        raise TableError("column 'e_ref' is missing; a value per energy is compared at the energy e_ref")
    if not differential and "e_min" not in names:
        raise TableError("columns 'e_min' and 'e_max' are missing; a value of a band needs both (e_max may be inf)")


def _refuse(bad: np.ndarray, array: np.ndarray, label: Label, sentence: str) -> None:
    if np.any(bad):
        first = int(np.argmax(bad))
        raise TableError(sentence.format(where=label(first), number=f"{array[first]:g}"))


def check_points(value: np.ndarray, errors: dict[str, np.ndarray], is_ul: np.ndarray, label: Label) -> None:
    """Refuse values, errors and limits that are no finite (positive) numbers; all arrays are flat."""
    sentence = "value in {where} is {number} or empty; give a finite number, or leave the row out"
    _refuse(~np.isfinite(value), value, label, sentence)
    sentence = "the upper limit in {where} is {number}; a limit is positive"
    _refuse(is_ul & (value <= 0.0), value, label, sentence)
    for name, error in errors.items():
        remedy = "; give a positive number, or set 'is_ul' if 'value' is an upper limit"
        _refuse(~is_ul & ~np.isfinite(error), error, label, name + " in {where} is {number} or empty" + remedy)
        _refuse(~is_ul & (error <= 0.0), error, label, name + " in {where} is {number}; an error is a positive number")


def check_photons(columns: dict[str, np.ndarray], label: Label) -> None:
    """Refuse energies [GeV] that are not positive, edges not in order, and an e_ref outside its band."""
    for name, energy in columns.items():
        open_top = (name == "e_max") & np.isposinf(energy)
        sentence = name + " in {where} is {number} GeV; give a positive, finite energy"
        _refuse(~open_top & ~((energy > 0.0) & np.isfinite(energy)), energy, label, sentence)
    if "e_min" in columns:
        sentence = "e_min in {where} is {number} GeV, not below e_max; give the edges from low to high"
        _refuse(columns["e_min"] >= columns["e_max"], columns["e_min"], label, sentence)
    if "e_min" in columns and "e_ref" in columns:
        outside = (columns["e_ref"] < columns["e_min"]) | (columns["e_ref"] > columns["e_max"])
        sentence = "e_ref in {where} is {number} GeV, outside e_min to e_max; check the units of the three columns"
        _refuse(outside, columns["e_ref"], label, sentence)


def check_annuli(columns: dict[str, np.ndarray], label: Label) -> None:
    """Refuse radii [deg] that are negative or not in order."""
    for name, radius in columns.items():
        sentence = name + " in {where} is {number} deg; give a finite radius that is not negative"
        _refuse(~((radius >= 0.0) & np.isfinite(radius)), radius, label, sentence)
    if columns:
        sentence = "r_min in {where} is {number} deg, not below r_max; give the edges from low to high"
        _refuse(columns["r_min"] >= columns["r_max"], columns["r_min"], label, sentence)


def check_apart(lower: np.ndarray, upper: np.ndarray, what: str, unit: str) -> None:
    """Refuse intervals that are not sorted or overlap."""
    _check_sorted(lower, what)
    for i in np.flatnonzero(lower[1:] < upper[:-1] * (1.0 - EDGE_ROUNDING)):
        first, second = (f"{lower[k]:g} to {upper[k]:g} {unit}" for k in (i, i + 1))
        raise TableError(f"the {what} {first} and {second} overlap; give each photon once, or make two tables")


def check_energies(e_ref: np.ndarray) -> None:
    """Refuse energies [GeV] of differential values that are not sorted, or given twice."""
    _check_sorted(e_ref, "energies")
    for twice in e_ref[1:][e_ref[1:] == e_ref[:-1]]:
        raise TableError(f"the energy {twice:g} GeV is given twice; give each photon once, or make two tables")


def _check_sorted(numbers: np.ndarray, what: str) -> None:
    if np.any(np.diff(numbers) < 0.0):
        raise TableError(f"the {what} are not sorted; give them from low to high")


def check_confidence(number: float | None) -> None:
    """Refuse a probability that no upper limit can be given for: at a half and below, a limit is no limit."""
    if number is not None and not 0.5 < number < 1.0:
        why = "; give a probability between 0 and 1, above 0.5, such as 0.95: a limit holds more often than not"
        raise TableError(f"'confidence' is {number!r}{why}")


def check_marks(simulated: bool, truth: object, layout: bool | None, value: np.ndarray) -> None:
    """Refuse a table that may be a layout or data, and does not say which."""
    if layout and not simulated:
        raise TableError(
            "'layout' is true, but 'simulated' is not; a layout holds no measurement: say both, or neither"
        )
    if layout is None and simulated and truth is None and np.all(value == 1.0):
        remedy = "say 'layout: true' if it only tells where to look, its errors relative, or 'layout: false' if not"
        raise TableError(f"the table is simulated and all of its values are 1; {remedy}")


def check_duplicates(cell: np.ndarray) -> None:
    """Refuse two rows for the same cell of the photon × bin grid."""
    first_row: dict[int, int] = {}
    for row, index in enumerate(cell.tolist()):
        if index in first_row:
            rows = f"rows {first_row[index] + 1} and {row + 1}"
            raise TableError(f"{rows} give the same energy and annulus; keep one of them")
        first_row[index] = row


def correlated_covariance(error: np.ndarray, midpoint: np.ndarray, length: float) -> np.ndarray:
    """Covariance [unit² of the errors] over the flattened grid, for errors alike between near annuli of a band.

    C_ij = σ_i σ_j exp(−Δ²/2ℓ²) within a band, Δ the distance of the annulus midpoints; zero between bands.

    Arguments: error — [photon, bin], NaN where nothing was measured (NaN there in the result); midpoint — [bin, deg];
    length — ℓ [deg].
    """
    near = np.exp(-((midpoint[:, None] - midpoint[None, :]) ** 2) / (2.0 * length**2))
    correlation = np.kron(np.eye(error.shape[0]), near)
    return correlation * np.outer(error.ravel(), error.ravel())


def check_correlated(points: int) -> None:
    """Refuse more correlated points than their matrix has room for."""
    if points > MOST_CORRELATED:
        size = 8e-9 * points**2
        remedy = f"merge points until there are at most {MOST_CORRELATED}, or leave the correlation out"
        raise TableError(f"the covariance of {points} points takes {size:.3g} GB, several times over; {remedy}")


def check_covariance(covariance: np.ndarray, error: np.ndarray, measured: np.ndarray, name: str) -> None:
    """Refuse a covariance that has the wrong shape, disagrees with the errors or is not positive definite."""
    size = measured.size
    if covariance.shape != (size, size):
        remedy = "give one row and one column for each point"
        raise TableError(f"{name} has shape {covariance.shape} for {size} points; {remedy}")
    keep = np.flatnonzero(measured.ravel())
    block, sigma = covariance[np.ix_(keep, keep)], error.ravel()[keep]
    if not np.all(np.isfinite(block)):
        raise TableError(f"{name} holds nan or infinite numbers; give a finite number for each pair of points")
    correlation = block / np.outer(sigma, sigma)
    off = np.abs(np.sqrt(np.abs(np.diag(correlation))) - 1.0)
    if np.any(off > ERROR_ROUNDING):
        k = int(np.argmax(off))
        have = f"{name} has {block[k, k]:g} on its diagonal where the error squared is {sigma[k] ** 2:g}"
        raise TableError(
            f"{have}; give the total covariance, statistical errors included, in the unit of value squared"
        )
    if np.max(np.abs(correlation - correlation.T), initial=0.0) > 1.0e-6:
        raise TableError(f"{name} is not symmetric; give the same number for (i, j) and (j, i)")
    if keep.size and np.linalg.eigvalsh(correlation)[0] < SMALLEST_EIGENVALUE:
        raise TableError(f"{name} is not positive definite; shorten or weaken the correlation, or merge points")
