"""Tables: what is read is what stands in the file, and what is wrong is said in one sentence."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from scipy.special import erf

from fitting.tables import shipped
from fitting.tables.checks import TableError, correlated_covariance
from fitting.tables.describe import describe
from fitting.tables.files import locate, read_table, write_table
from fitting.tables.regions import AbstractRegion, Annuli, Box, Circle, Total
from fitting.tables.remarks import remarks
from fitting.tables.shipped import data_folder
from fitting.tables.table import Table
from jaxcrc.observe.psf import Gaussian

DOCS = Path(__file__).parents[3] / "docs" / "tables.md"
EXAMPLES = re.findall(r"```ecsv\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)

PROFILE = """# %ECSV 1.0
# ---
# datatype:
# - {name: e_min, unit: TeV, datatype: float64}
# - {name: e_max, unit: TeV, datatype: float64}
# - {name: r_min, unit: arcmin, datatype: float64}
# - {name: r_max, unit: arcmin, datatype: float64}
# - {name: value, unit: 1 / (cm2 s deg2), datatype: float64}
# - {name: error, unit: 1 / (cm2 s deg2), datatype: float64}
# - {name: is_ul, datatype: bool}
# meta:
#   kind: surface_brightness
#   centre: {ra: 98.117 deg, dec: 17.367 deg}
#   psf: {shape: gaussian, sigma: 6 arcmin}
#   confidence: 0.95
#   reference: a paper
e_min e_max r_min r_max value error is_ul
1.0 3.0 0.0 12.0 8.0e-12 1.0e-12 False
1.0 3.0 12.0 24.0 5.0e-12 0.6e-12 False
3.0 10.0 0.0 12.0 2.0e-12 0.4e-12 False
3.0 10.0 12.0 24.0 0.6e-12 "" True
"""

SPECTRUM = """# %ECSV 1.0
# ---
# datatype:
# - {name: e_ref, unit: TeV, datatype: float64}
# - {name: value, unit: 1 / (TeV cm2 s), datatype: float64}
# - {name: error, unit: 1 / (TeV cm2 s), datatype: float64}
# - {name: covariance, unit: 1 / (TeV2 cm4 s2), datatype: string, subtype: 'float64[3]'}
# meta:
#   kind: dnde
#   region: {shape: circle, centre: {ra: 270.11 deg, dec: -24.039 deg}, radius: 0.2 deg}
#   psf: {shape: gaussian, sigma: 0.1 deg}
#   distance: 2 kpc
e_ref value error covariance
0.5 4.0e-12 1.0e-12 [1.0e-24,1.0e-25,0.0]
1.0 1.0e-12 0.2e-12 [1.0e-25,4.0e-26,2.0e-27]
2.0 2.0e-13 0.5e-13 [0.0,2.0e-27,2.5e-27]
"""


def write(folder: Path, text: str, name: str = "a.ecsv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def swapped(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def assert_same(first: object, second: object) -> None:
    assert type(first) is type(second)
    for field in dataclasses.fields(first):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, strict=True)
        elif isinstance(a, AbstractRegion):
            assert_same(a, b)
        else:
            assert a == b, field.name


# The numbers of the published tables, typed from the sources.
HESS_B = {
    "e_ref": [0.31, 0.41, 0.55, 0.73, 0.97, 1.30, 1.73, 2.31, 3.08, 4.11],
    "value": [117.92, 87.83, 38.74, 17.34, 6.27, 2.91, 2.04, 1.10, 2.25, 0.27],
    "error": [40.09, 19.82, 10.24, 4.80, 2.49, 1.29, 0.72, 0.44, math.nan, 0.13],
}
HESS_CONTACT_BOUNDS = {
    "value": [7.423e-12, 5.740e-12, 1.181e-12, 6.510e-13, 3.110e-13, 2.130e-13, 3.1e-13, 1.88e-13, 2.700e-14],
    "low": [5.366e-12, 4.644e-12, 7.000e-13, 3.860e-13, 1.700e-13, 1.330e-13, math.nan, math.nan, 1.300e-14],
    "high": [9.480e-12, 6.836e-12, 1.662e-12, 9.160e-13, 4.520e-13, 2.930e-13, math.nan, math.nan, 4.100e-14],
}


def test_hess_cloud_has_the_published_numbers() -> None:
    table = read_table("w28/hess_j1800_240b")
    assert (table.kind, table.name, table.is_profile, table.differential) == ("dnde", "HESS J1800-240B", False, True)
    np.testing.assert_allclose(table.e_ref, 1e3 * np.array(HESS_B["e_ref"]), rtol=1e-15)
    np.testing.assert_allclose(table.value[:, 0], 1e-13 * np.array(HESS_B["value"]), rtol=1e-15)
    np.testing.assert_allclose(table.error_lo[:, 0], 1e-13 * np.array(HESS_B["error"]), rtol=1e-15)
    np.testing.assert_array_equal(table.error_hi, table.error_lo)
    assert np.flatnonzero(table.is_ul).tolist() == [8]
    assert table.confidence == 0.99
    assert table.region == Circle(0.2, (270.110, -24.039))
    assert table.psf == (("gaussian", 0.1),) * 10
    assert table.distance == 2.0
    assert "20077765" in table.doi


def test_fermi_cloud_has_the_catalogue_numbers() -> None:
    table = read_table("w28/fermi_j1800_240b")
    assert (table.kind, table.region, table.psf, table.differential) == ("flux", Total(), None, False)
    np.testing.assert_array_equal(table.e_min, [0.1, 0.3, 1.0, 3.0, 10.0])
    np.testing.assert_array_equal(table.e_max, [0.3, 1.0, 3.0, 10.0, 100.0])
    np.testing.assert_array_equal(table.value[:, 0], [5.72712e-08, 3.207e-08, 7.56504e-09, 2.24144e-09, 2.80525e-10])
    low = [3.39876e-08, 5.20102e-09, 8.33677e-10, 2.2779e-10, 6.40751e-11]
    high = [3.08814e-08, 5.24927e-09, 8.5275e-10, 2.3587e-10, 7.25725e-11]
    np.testing.assert_array_equal(table.error_lo[:, 0], low)
    np.testing.assert_array_equal(table.error_hi[:, 0], high)
    assert table.measured.all()


def test_contact_cloud_has_half_the_published_intervals_as_errors() -> None:
    table = read_table("w28/hess_j1801_233")
    np.testing.assert_array_equal(table.value[:, 0], HESS_CONTACT_BOUNDS["value"])
    half = 0.5 * (np.array(HESS_CONTACT_BOUNDS["high"]) - np.array(HESS_CONTACT_BOUNDS["low"]))
    np.testing.assert_allclose(table.error_lo[:, 0], half, rtol=1e-12)  # a difference of numbers with 4 digits
    assert np.flatnonzero(table.is_ul).tolist() == [6, 7]


def test_profile_becomes_a_grid_in_gev_and_deg(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, PROFILE))
    assert table.is_profile
    assert table.value.shape == (2, 2)
    np.testing.assert_allclose(table.e_min, [1e3, 3e3], rtol=1e-15)
    np.testing.assert_allclose(table.r_max, [0.2, 0.4], rtol=1e-15)
    np.testing.assert_array_equal(table.value, [[8.0e-12, 5.0e-12], [2.0e-12, 0.6e-12]])
    np.testing.assert_array_equal(table.error_hi, [[1.0e-12, 0.6e-12], [0.4e-12, math.nan]])
    np.testing.assert_array_equal(table.is_ul, [[False, False], [False, True]])
    np.testing.assert_array_equal(table.measured, ~table.is_ul)
    assert table.psf == (("gaussian", pytest.approx(0.1, rel=1e-15)),) * 2
    np.testing.assert_allclose(table.photon, [np.sqrt(3.0) * 1e3, np.sqrt(30.0) * 1e3], rtol=1e-14)


def test_the_error_of_a_limit_is_dropped(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, swapped(PROFILE, ('0.6e-12 "" True', "0.6e-12 0.2e-12 True"))))
    assert np.isnan(table.error_lo[1, 1])
    assert np.isnan(table.error_hi[1, 1])


def test_missing_row_is_an_unused_cell(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, swapped(PROFILE, ("1.0 3.0 12.0 24.0 5.0e-12 0.6e-12 False\n", ""))))
    np.testing.assert_array_equal(table.used, [[True, False], [True, True]])
    assert np.isnan(table.value[0, 1])
    assert np.isnan(table.error_lo[0, 1])
    assert not table.measured[0, 1]


@pytest.mark.parametrize("text", [PROFILE, SPECTRUM], ids=["profile", "spectrum"])
def test_order_of_rows_does_not_matter_but_for_the_covariance_columns(tmp_path: Path, text: str) -> None:
    head, rows = text[: text.index("\n", text.rindex("# ")) + 1], text.splitlines()[-(4 if text is PROFILE else 3) :]
    names = text.splitlines()[-len(rows) - 1]
    order = [2, 0, 1] if len(rows) == 3 else [2, 3, 0, 1]
    shuffled = [rows[k] for k in order]
    if text is SPECTRUM:
        for k, line in enumerate(shuffled):
            *front, covariance = line.split()
            numbers = covariance.strip("[]").split(",")
            shuffled[k] = " ".join([*front, "[" + ",".join(numbers[m] for m in order) + "]"])
    moved = read_table(write(tmp_path, head + "\n".join([names, *shuffled]) + "\n", "b.ecsv"))
    plain = read_table(write(tmp_path, text, "b.ecsv"))
    assert_same(plain, moved)


@pytest.mark.parametrize("name", ["w28/hess_j1800_240b", "w28/fermi_j1800_240b", "w28/hess_j1801_233"])
def test_shipped_tables_survive_a_round_trip(tmp_path: Path, name: str) -> None:
    table = read_table(name)
    write_table(table, tmp_path / "a.ecsv")
    assert_same(table, read_table(tmp_path / "a.ecsv"))


FULL = [
    ("kind: surface_brightness", "kind: surface_brightness\n#   correlation_length: 0.1 deg\n#   simulated: true"),
    ("reference: a paper", "truth: {components.escaped.medium.log10_chi: -1.25}\n#   notes: [one, two]"),
    ("1.0 3.0 12.0 24.0 5.0e-12 0.6e-12 False\n", ""),
    ("{shape: gaussian, sigma: 6 arcmin}", "[{shape: gaussian, r68: 0.1 deg}, {shape: tophat, radius: 0.07 deg}]"),
    ("1 / (cm2 s deg2)", "1e-13 ph / (cm2 s deg2)"),
]
BOX = [("shape: circle", "shape: box"), ("radius: 0.2 deg", "width: 1 deg, height: 0.3 deg, angle: 31.7 deg")]


@pytest.mark.parametrize("text", [PROFILE, SPECTRUM, swapped(PROFILE, *FULL), swapped(SPECTRUM, *BOX), *EXAMPLES])
def test_round_trip_is_exact(tmp_path: Path, text: str) -> None:
    table = read_table(write(tmp_path, text))
    table = dataclasses.replace(table, value=table.value * (1.0 + 1.0 / 3.0))  # numbers that need all their digits
    write_table(table, tmp_path / "b.ecsv")
    assert_same(table, read_table(tmp_path / "b.ecsv"))


def test_round_trip_keeps_every_digit_of_the_errors(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, SPECTRUM))
    factor = math.pi
    # a unit with a power of ten whose square astropy converts to itself with an error in the last digit
    odd = dataclasses.replace(
        table,
        unit=u.Unit("1e-11 / (TeV cm2 s)"),
        error_lo=table.error_lo * factor,
        error_hi=table.error_hi * factor,
        covariance=table.covariance * factor**2,
    )
    write_table(odd, tmp_path / "b.ecsv")
    assert_same(odd, read_table(tmp_path / "b.ecsv"))


def test_documented_examples_are_what_the_page_says(tmp_path: Path) -> None:
    profile, spectrum = (read_table(write(tmp_path, text, f"{k}.ecsv")) for k, text in enumerate(EXAMPLES))
    assert profile.value.shape == (2, 3)
    assert np.argwhere(profile.is_ul).tolist() == [[1, 2]]
    assert profile.simulated
    assert "SIMULATED" in describe(profile)
    assert spectrum.value.shape == (3, 1)
    np.testing.assert_array_equal(spectrum.error_hi[0], [1.1e-12])
    # 68 % of a Gaussian of one σ per axis lie within 1.5096 σ
    assert spectrum.psf[0][1] == pytest.approx(0.1 / 1.50959, rel=1e-5)


def test_wheel_is_searched_before_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fitting").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "fitting" / "tables" / "shipped.py"))
    assert data_folder() == tmp_path.resolve() / "data"
    (tmp_path / "fitting" / "_data").mkdir()
    assert data_folder() == tmp_path.resolve() / "fitting" / "_data"


def test_locate_takes_paths_and_shipped_names(tmp_path: Path) -> None:
    file = write(tmp_path, SPECTRUM)
    assert locate(file) == file
    assert locate("w28/hess_j1800_240b") == locate("w28/hess_j1800_240b.ecsv")
    with pytest.raises(TableError, match="did you mean 'w28/hess_j1800_240b'"):
        read_table("w28/hess_j1800_240")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)


# Factors from GeV, cm, s, sr to the table's unit, from deg² = (π/180)² sr, TeV = 1000 GeV, erg = 624.1509 GeV.
DEG2 = (math.pi / 180.0) ** 2
UNITS = [
    ("surface_brightness", "1 / (cm2 s sr)", 1.0, False),
    ("surface_brightness", "1 / (cm2 s deg2)", DEG2, False),
    ("surface_brightness", "1 / (m2 s arcmin2)", 1e4 * DEG2 / 3600.0, False),
    ("surface_brightness", "1 / (TeV cm2 s sr)", 1e3, True),
    ("flux", "1e-12 ph / (cm2 s)", 1e12, False),
    ("dnde", "1 / (TeV cm2 s)", 1e3, True),
    ("dnde", "1 / (MeV m2 s)", 10.0, True),
    ("e2dnde", "erg / (cm2 s)", 1.602176634e-3, True),
    ("e2dnde", "TeV / (cm2 s)", 1e-3, True),
    ("energy_flux", "erg / (cm2 s)", 1.602176634e-3, False),
    ("excess", "ct", 1.0, False),
    ("excess", "", 1.0, False),
    ("excess", "ct / deg2", DEG2, False),
    ("cr_energy_density", "eV / cm3", 1e9, False),
]


def hand_made(kind: str, unit: str, **fields: object) -> Table:
    numbers = np.array([[2.0], [1.0]])
    flags = np.zeros((2, 1), bool)
    edges = {"e_min": np.array([1.0, 3.0]), "e_max": np.array([3.0, np.inf]), "e_ref": np.array([2.0, 5.0])}
    columns = {"value": numbers, "error_lo": 0.1 * numbers, "error_hi": 0.1 * numbers, "is_ul": flags, "used": ~flags}
    given = {"name": "a", "kind": kind, "unit": u.Unit(unit), "region": Total()} | columns | edges | fields
    return Table(**given)


@pytest.mark.parametrize(("kind", "unit", "factor", "differential"), UNITS)
def test_units_of_every_kind(tmp_path: Path, kind: str, unit: str, factor: float, differential: bool) -> None:
    table = hand_made(kind, unit)
    assert table.unit_factor == pytest.approx(factor, rel=1e-12)
    assert table.differential == differential
    write_table(table, tmp_path / "a.ecsv")
    again = read_table(tmp_path / "a.ecsv")
    assert again.unit == table.unit
    assert np.isposinf(again.e_max[-1])
    assert describe(again)


def test_errors_and_limits_in_another_unit_are_converted(tmp_path: Path) -> None:
    text = swapped(PROFILE, ("name: error, unit: 1 / (cm2 s deg2)", "name: error, unit: 1 / (cm2 s sr)"))
    table = read_table(write(tmp_path, text))
    assert table.error_lo[0, 0] == pytest.approx(1.0e-12 * DEG2, rel=1e-12)


def test_correlation_length_gives_the_written_covariance(tmp_path: Path) -> None:
    length = ("kind: surface_brightness", "kind: surface_brightness\n#   correlation_length: 9 arcmin")
    table = read_table(write(tmp_path, swapped(PROFILE, length)))
    assert table.covariance.shape == (4, 4)
    assert table.covariance[0, 0] == pytest.approx(1.0e-24, rel=1e-14)
    # middles at 6 and 18 arcmin, ℓ = 9 arcmin
    assert table.covariance[0, 1] == pytest.approx(0.6e-24 * math.exp(-(12.0**2) / (2 * 9.0**2)), rel=1e-12)
    assert table.covariance[0, 2] == 0.0  # another band
    assert np.isnan(table.covariance[3]).all()  # a limit


def test_covariance_from_a_length_follows_the_errors(tmp_path: Path) -> None:
    length = ("kind: surface_brightness", "kind: surface_brightness\n#   correlation_length: 9 arcmin")
    table = read_table(write(tmp_path, swapped(PROFILE, length)))
    doubled = dataclasses.replace(table, error_lo=2.0 * table.error_lo, error_hi=2.0 * table.error_hi)
    np.testing.assert_allclose(doubled.covariance, 4.0 * table.covariance, rtol=1e-14)


def test_an_excess_in_counts_is_a_sum_and_else_a_mean() -> None:
    assert [hand_made("excess", unit).is_mean for unit in ("ct", "ct / deg2", "1 / sr", "")] == [
        False,
        True,
        True,
        True,
    ]
    assert hand_made("surface_brightness", "1 / (cm2 s sr)").is_mean
    assert not hand_made("flux", "1 / (cm2 s)").is_mean


def test_correlated_covariance_is_that_of_smoothed_noise() -> None:
    # White noise smoothed with a Gaussian of ℓ/√2 has the correlation exp(−Δ²/2ℓ²): an integral, done by quadrature.
    grid, length = np.linspace(-5.0, 5.0, 4001), 0.3
    middle = np.array([0.0, 0.25, 0.7])
    kernels = np.exp(-((grid[None, :] - middle[:, None]) ** 2) / length**2)
    kernels /= np.sqrt(np.sum(kernels**2, axis=1, keepdims=True))
    np.testing.assert_allclose(correlated_covariance(np.ones((1, 3)), middle, length), kernels @ kernels.T, rtol=1e-10)


def test_existing_file_is_kept_unless_told(tmp_path: Path) -> None:
    table = read_table("w28/fermi_j1800_240b")
    file = write(tmp_path, "mine")
    with pytest.raises(TableError, match="exists already"):
        write_table(table, file)
    assert file.read_text() == "mine"
    write_table(table, file, overwrite=True)
    assert_same(table, read_table(file))
    with pytest.raises(TableError, match="folder does not exist"):
        write_table(table, tmp_path / "no" / "a.ecsv")


def test_interrupted_writing_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "mine")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write_table(read_table("w28/fermi_j1800_240b"), file, overwrite=True)
    assert file.read_text() == "mine"
    assert os.listdir(tmp_path) == ["a.ecsv"]


def test_description_says_what_was_read() -> None:
    text = describe(read_table("w28/hess_j1800_240b"))
    for part in ("dnde", "310 GeV to 4.11 TeV", "radius 0.2 deg", "sigma 0.1 deg", "9 measured, 1 upper limit at 99 %"):
        assert part in text
    assert "summed over a circle on the sky" in text
    assert "A&A 481, 401" in text
    assert "the whole source" in describe(read_table("w28/fermi_j1800_240b"))


def test_description_of_a_profile(tmp_path: Path) -> None:
    text = describe(read_table(write(tmp_path, swapped(PROFILE, *FULL))))
    for part in ("2 bands, 1 TeV to 10 TeV", "2 from 0 to 0.4 deg", "tophat, radius 0.07 deg", "1 missing", "0.1 deg"):
        assert part in text
    assert "simulated, not measured" in text


ROW = "1.0 3.0 12.0 24.0 5.0e-12 0.6e-12 False"
VALUE = "{name: value, unit: 1 / (cm2 s deg2), datatype: float64}"
CENTRE = "#   centre: {ra: 98.117 deg, dec: 17.367 deg}\n"
REGION = "#   region: {shape: circle, centre: {ra: 270.11 deg, dec: -24.039 deg}, radius: 0.2 deg}\n"
PSF = "{shape: gaussian, sigma: 6 arcmin}"
KIND = "kind: surface_brightness"
BROKEN_PROFILES = [
    ([("# %ECSV 1.0\n", "")], "not a readable ECSV table ("),
    ([(KIND, "kind: [")], "not a readable ECSV table ("),
    ([(ROW, "1.0 3.0 12.0 24.0 5.0e-12 0.6e-12")], "not a readable ECSV table"),
    ([(ROW, "1.0 3.0 12.0 24.0 many 0.6e-12 False")], "not a readable ECSV table ("),
    ([("value", "valeu")], "unknown column 'valeu'; did you mean 'value'?"),
    ([("name: r_min", "name: r_mid"), (" r_min ", " r_mid ")], "two edges, in columns r_min and r_max"),
    ([("name: r_min", "name: radius"), (" r_min ", " radius ")], "'radius'; an annulus is given by its two edges"),
    ([("name: r_min", "name: radius"), (" r_min ", " radius ")], "'radius'; an annulus is given by its two edges"),
    ([("name: r_min", "name: x_min"), (" r_min ", " x_min ")], "'x_min'; a projected distance runs along a row of box"),
    ([("value", "flux")], "unknown column 'flux'; name it 'value' and put 'kind: flux'"),
    ([("is_ul", "flux_ul")], "unknown column 'flux_ul'; put the limit into 'value'"),
    ([("error", "dnde_errn")], "unknown column 'dnde_errn'; name it 'error_lo'"),
    ([("error", "error_lo")], "column 'error_hi' is missing; give 'error', or both"),
    ([("name: is_ul, datatype: bool", "name: error_lo, datatype: bool"), (" is_ul", " error_lo")], "keep 'error' or"),
    ([("name: r_max", "name: e_ref"), (" r_max ", " e_ref ")], "column 'r_max' is missing beside 'r_min'"),
    ([("name: e_max", "name: e_ref"), (" e_max ", " e_ref ")], "column 'e_max' is missing beside 'e_min'"),
    ([(VALUE, "{name: value, datatype: float64}")], "column 'value' has no unit; give it one like '1 / (cm2 s sr)'"),
    ([("name: e_min, unit: TeV", "name: e_min")], "column 'e_min' has no unit; give it one like 'GeV'"),
    ([("name: error, unit: 1 / (cm2 s deg2)", "name: error")], "column 'error' has no unit"),
    ([(VALUE, VALUE.replace("deg2", "degg2"))], "unit '1 / (cm2 s degg2)' of column 'value' is not known"),
    ([(VALUE, VALUE.replace(" deg2", ""))], "of column 'value' lacks a solid angle for kind 'surface_brightness'"),
    (
        [(KIND, "kind: flux")],
        "of column 'value' has a solid angle too many for kind 'flux'; use one like '1 / (cm2 s)'",
    ),
    ([(KIND, "kind: dnde")], "of column 'value' does not fit for kind 'dnde'"),
    ([("error, unit: 1 / (cm2 s deg2)", "error, unit: 1 / cm2")], "of column 'error' does not convert to"),
    ([("r_min, unit: arcmin", "r_min, unit: pc")], "unit 'pc' of column 'r_min' does not convert to 'deg'"),
    (
        [("value, unit: 1 / (cm2 s deg2)", "value, unit: 1 / (TeV cm2 s deg2)")],
        "'e_ref' is missing; a value per energy",
    ),
    ([(VALUE, VALUE.replace("float64", "string"))], "column 'value' does not hold numbers"),
    (
        [("is_ul, datatype: bool", "is_ul, datatype: int64"), ("False", "0"), ("True", "2")],
        "'is_ul' does not hold True",
    ),
    ([(ROW, "1.0 3.0 12.0 24.0 nan 0.6e-12 False")], "value in row 2 is nan or empty"),
    ([(ROW, '1.0 3.0 12.0 24.0 "" 0.6e-12 False')], "value in row 2 is nan or empty"),
    ([(ROW, "1.0 3.0 12.0 24.0 inf 0.6e-12 False")], "value in row 2 is inf or empty"),
    ([(ROW, "1.0 3.0 12.0 24.0 5.0e-12 -0.6e-12 False")], "error in row 2 is -6e-13; an error is a positive number"),
    ([(ROW, "1.0 3.0 12.0 24.0 5.0e-12 0.0 False")], "error in row 2 is 0; an error is a positive number"),
    ([(ROW, '1.0 3.0 12.0 24.0 5.0e-12 "" False')], "error in row 2 is nan or empty; give a positive number, or set"),
    ([("24.0 0.6e-12", "24.0 -0.6e-12")], "the upper limit in row 4 is -6e-13; a limit is positive"),
    ([(ROW, ROW.replace("12.0 24.0", "24.0 12.0"))], "r_min in row 2 is 0.4 deg, not below r_max"),
    ([(ROW, ROW.replace("12.0 24.0", "-12.0 24.0"))], "r_min in row 2 is -0.2 deg; give a finite radius"),
    ([(ROW, ROW.replace("1.0 3.0", "3.0 1.0"))], "e_min in row 2 is 3000 GeV, not below e_max"),
    ([(ROW, ROW.replace("1.0 3.0", "0.0 3.0"))], "e_min in row 2 is 0 GeV; give a positive, finite energy"),
    ([("12.0 24.0", "10.0 24.0")], "the annuli 0 to 0.2 deg and 0.166667 to 0.4 deg overlap"),
    ([("3.0 10.0", "2.0 10.0")], "the energies 1000 to 3000 GeV and 2000 to 10000 GeV overlap"),
    ([(ROW, "1.0 3.0 0.0 12.0 5.0e-12 0.6e-12 False")], "rows 1 and 2 give the same energy and annulus"),
    ([(KIND, "name: a")], "the metadata have no 'kind'; give one of surface_brightness, flux"),
    ([(KIND, "kind: surface_brigthness")], "unknown kind 'surface_brigthness'; did you mean 'surface_brightness'?"),
    ([(CENTRE, "")], "a profile has no 'centre'"),
    ([(CENTRE, CENTRE + REGION)], "a profile has a 'region'; remove it"),
    ([("98.117 deg", "98.117")], "'centre.ra' is 98.117, not a quantity in deg"),
    ([("ra: 98.117 deg", "right: 98.117 deg")], "write it as '{ra: 270.11 deg, dec: -24.04 deg}'"),
    ([("dec: 17.367 deg", "dec: 117.367 deg")], "Dec 117.367 deg, which is off the sky"),
    ([("#   confidence: 0.95\n", "")], "there are upper limits but no 'confidence'"),
    *(
        ([("confidence: 0.95", f"confidence: {number}")], f"'confidence' is {number}; give a probability between 0 and")
        for number in (95, 1.0, 0.5, 0.05, 0.0, -0.95)
    ),
    ([("confidence: 0.95", "confidence: '0.95'")], "'confidence' is '0.95'; give a number such as 0.95"),
    ([("reference: a paper", "layout: 1")], "'layout' is 1; give true or false"),
    ([("reference: a paper", "layout: true")], "'layout' is true, but 'simulated' is not"),
    ([("error, unit: 1 / (cm2 s deg2)", "error, unit: ''")], "column 'error' has a blank unit; give it one like"),
    ([("e_min, unit: TeV", "e_min, unit: ' '")], "column 'e_min' has a blank unit; give it one like 'GeV'"),
    ([("confidence: 0.95", "confidnce: 0.95")], "unknown key 'confidnce' in the metadata; did you mean 'confidence'?"),
    ([(f"#   psf: {PSF}\n", "")], "the metadata have no 'psf'"),
    ([(PSF, "0.1 deg")], "'psf' is '0.1 deg'; write it as '{shape: gaussian, sigma: 0.1 deg}' or 'none'"),
    ([("shape: gaussian", "shape: gausian")], "unknown psf shape 'gausian'; did you mean 'gaussian'?"),
    ([("sigma: 6 arcmin", "sigm: 6 arcmin")], "unknown key 'sigm' in a psf of shape 'gaussian'; did you mean 'sigma'?"),
    ([("sigma: 6 arcmin", "sigma: 6 arcmin, r68: 9 arcmin")], "has 2 widths; give one of sigma, r68"),
    ([("sigma: 6 arcmin", "sigma: 0.1")], "'psf.sigma' is 0.1, not a quantity in deg; write number and unit"),
    ([("sigma: 6 arcmin", "sigma: -6 arcmin")], "'psf.sigma' is '-6 arcmin'; give a positive number"),
    ([(PSF, f"[{PSF}, {PSF}, {PSF}]")], "'psf' has 3 entries for 2 energies"),
    ([("reference: a paper", "reference: 2008")], "'reference' is 2008; give a text, in quotes"),
    ([("reference: a paper", "simulated: 1")], "'simulated' is 1; give true or false"),
    ([("reference: a paper", "truth: -1.0")], "'truth' is -1.0; give one number for each parameter path"),
    ([("reference: a paper", "notes: 3")], "'notes' is 3; give a text or a list of texts"),
    ([("reference: a paper", "distance: 2 deg")], "'distance' is '2 deg', not a quantity in kpc"),
    (
        [("reference: a paper", "correlation_length: 300 deg")],
        "covariance from 'correlation_length' is not positive def",
    ),
]
REGION_SHAPE = "shape: circle"
COVARIANCE = "{name: covariance, unit: 1 / (TeV2 cm4 s2), datatype: string, subtype: 'float64[3]'}"
BROKEN_SPECTRA = [
    ([(REGION, "")], "a spectrum has no 'region'"),
    ([(REGION, REGION + CENTRE)], "a spectrum has a 'centre'; move it into 'region'"),
    ([(REGION_SHAPE, "shape: circel")], "unknown region shape 'circel'; did you mean 'circle'?"),
    ([(REGION_SHAPE, "form: circle")], "'region' has no shape"),
    ([(REGION_SHAPE, "shape: box")], "unknown key 'radius' in a region of shape 'box'"),
    ([(", radius: 0.2 deg", "")], "'region' has no radius; a circle needs centre and radius"),
    ([("centre: {ra: 270.11 deg, dec: -24.039 deg}, ", "")], "'region' has no centre"),
    ([("radius: 0.2 deg", "radius: 0 deg")], "'region.radius' is '0 deg'; give a positive number"),
    ([("distance: 2 kpc", "correlation_length: 1 deg")], "'correlation_length' and column 'covariance' are both"),
    ([(COVARIANCE, COVARIANCE.replace(" / (TeV2 cm4 s2)", " / TeV2"))], "does not convert to"),
    ([(COVARIANCE, COVARIANCE.replace("1 / (TeV2 cm4 s2)", "''"))], "column 'covariance' has a blank unit"),
    ([(COVARIANCE, COVARIANCE.replace("[3]", "[2]"))], "not a readable ECSV table ("),
    ([("2.0 2.0e-13 0.5e-13 [0.0,2.0e-27,2.5e-27]\n", "")], "column 'covariance' has shape (2, 3) for 2 rows"),
    ([("[1.0e-24,1.0e-25,0.0]", "[1.0e-24,NaN,0.0]")], "covariance holds nan or infinite numbers"),
    ([("[1.0e-24,", "[2.0e-24,")], "covariance has 2e-24 on its diagonal where the error squared is 1e-24"),
    ([("[1.0e-24,1.0e-25,0.0]", "[1.0e-24,1.1e-25,0.0]")], "covariance is not symmetric"),
    ([("1.0e-25", "2.1e-25")], "covariance is not positive definite"),
    ([("\n0.5 4", "\n1.0 4")], "rows 1 and 2 give the same energy and annulus"),
    ([("e_ref", "e_min")], "column 'e_max' is missing beside 'e_min'"),
    ([("kind: dnde", "kind: sed")], "unknown kind 'sed'"),
]
BROKEN = [(PROFILE, *case) for case in BROKEN_PROFILES] + [(SPECTRUM, *case) for case in BROKEN_SPECTRA]


@pytest.mark.parametrize(("text", "changes", "fragment"), BROKEN, ids=[case[2][:40] for case in BROKEN])
def test_broken_file_is_told_in_one_sentence(tmp_path: Path, text: str, changes: list, fragment: str) -> None:
    file = write(tmp_path, swapped(text, *changes))
    with pytest.raises(TableError) as caught:
        read_table(file)
    message = str(caught.value)
    assert fragment in message
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    assert message.count(f"{file}") == 1


def test_missing_file_empty_table_and_band_without_edges(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file, and no shipped table of this name"):
        read_table(tmp_path / "nothing.ecsv")
    (tmp_path / "binary.ecsv").write_bytes(bytes(range(256)))
    with pytest.raises(TableError, match="not a readable ECSV table"):
        read_table(tmp_path / "binary.ecsv")
    with pytest.raises(TableError, match="has no rows"):
        read_table(write(tmp_path, PROFILE[: PROFILE.index("1.0 3.0 0.0")]))
    flux = swapped(SPECTRUM, ("kind: dnde", "kind: flux"), ("unit: 1 / (TeV cm2 s)", "unit: 1 / (cm2 s)"))
    with pytest.raises(TableError, match="'e_min' and 'e_max' are missing; a value of a band needs both"):
        read_table(write(tmp_path, flux))


def test_e_ref_must_lie_in_its_band() -> None:
    with pytest.raises(TableError, match="e_ref in energy 2 is 2 GeV, outside e_min to e_max"):
        hand_made("dnde", "1 / (TeV cm2 s)", e_ref=np.array([2.0, 2.0]))


BAD_FIELDS = [
    ({"kind": "fluxx"}, "unknown kind 'fluxx'; did you mean 'flux'?"),
    ({"value": np.array([2.0, 1.0])}, r"value has shape \(2,\), not \(2, 1\)"),
    ({"error_lo": np.array([[0.1], [-0.1]])}, "error_lo in energy 2, bin 1 is -0.1"),
    ({"e_min": np.array([3.0, 1.0]), "e_max": np.array([4.0, 3.0]), "e_ref": None}, "energies are not sorted"),
    ({"region": Annuli((0.0, 0.0), np.array([0.0, 1.0]), np.array([1.0, 2.0]))}, r"value has shape \(2, 1\), not"),
    ({"region": Annuli((0.0, 0.0), np.array([1.0]), np.array([0.5]))}, "r_min in annulus 1 is 1 deg, not below r_max"),
    ({"psf": (("gaussian", 0.1),)}, "psf has 1 entries for 2 energies"),
    ({"is_ul": np.array([[True], [False]])}, "no 'confidence'"),
    ({"is_ul": np.array([[True], [False]]), "confidence": 0.5}, "'confidence' is 0.5; give a probability"),
    ({"kind": "energy_flux", "unit": "erg / (cm2 s)", "e_max": np.array([3.1, 5.0])}, "1 to 3.1 GeV and 3 to 5 GeV ov"),
    ({"correlation_length": 0.1}, "is set for a spectrum, which has no annuli"),
    ({"covariance": np.eye(3)}, r"covariance has shape \(3, 3\) for 2 points"),
]


@pytest.mark.parametrize(("fields", "fragment"), BAD_FIELDS)
def test_tables_made_by_hand_are_checked_too(fields: dict, fragment: str) -> None:
    with pytest.raises(TableError, match=fragment):
        hand_made(fields.pop("kind", "flux"), fields.pop("unit", "1 / (cm2 s)"), **fields)


PRINTED = SPECTRUM[: SPECTRUM.index("0.5 4.0e-12")].replace(
    "- {name: e_ref",
    "- {name: e_min, unit: TeV, datatype: float64}\n# - {name: e_max, unit: TeV, datatype: float64}\n# - {name: e_ref",
)
PRINTED = "\n".join(line for line in PRINTED.splitlines() if "covariance" not in line)


def printed(*rows: str) -> str:
    return f"{PRINTED}\ne_min e_max e_ref value error\n" + "\n".join(rows) + "\n"


OVERLAPPING = ("0.50 0.802 0.63 3.1e-12 4e-13", "0.80 1.26 1.0 1.0e-12 1e-13", "1.27 1.99 1.6 3.0e-13 5e-14")


def test_of_a_value_at_e_ref_the_printed_edges_do_not_matter(tmp_path: Path) -> None:
    """In whatever order the rows come, and however far bands overlap; the energies alone must be apart."""
    for rows in (OVERLAPPING, OVERLAPPING[::-1], ("0.1 5.0 0.63 3.1e-12 4e-13", *OVERLAPPING[1:])):
        table = read_table(write(tmp_path, printed(*rows)))
        np.testing.assert_allclose(table.e_ref, [630.0, 1000.0, 1600.0])
        np.testing.assert_allclose(table.value[:, 0], [3.1e-12, 1.0e-12, 3.0e-13])
    with pytest.raises(TableError, match="the energy 1000 GeV is given twice"):
        read_table(write(tmp_path, printed(*OVERLAPPING, "0.9 1.1 1.0 1.1e-12 1e-13")))


def test_a_layout_has_its_own_mark(tmp_path: Path) -> None:
    """Neither ones nor a missing truth make one; where both might, the table has to say what it is."""
    simulated = ("reference: a paper", "simulated: true")
    assert not read_table(write(tmp_path, swapped(PROFILE, simulated))).layout
    ones = [(row, f"{row.rsplit(' ', 3)[0]} 1.0 0.1 False") for row in PROFILE.splitlines()[-4:]]
    with pytest.raises(TableError, match="all of its values are 1; say 'layout: true' if it only tells where"):
        read_table(write(tmp_path, swapped(PROFILE, simulated, *ones)))
    for mark in (True, False):
        marked = ("reference: a paper", f"simulated: true\n#   layout: {str(mark).lower()}")
        table = read_table(write(tmp_path, swapped(PROFILE, marked, *ones)))
        assert table.layout is mark
        assert ("LAYOUT" in describe(table)) is mark
    assert not read_table(write(tmp_path, swapped(PROFILE, *ones))).layout  # measured, whatever the numbers


ODD = [
    ([("1.0e-12 F", "1.0e-18 F"), ("0.6e-12 F", "0.6e-18 F"), ("0.4e-12 F", "0.4e-18 F")], "of the values"),
    ([("1.0e-12 F", "1.0e-6 F"), ("0.6e-12 F", "0.6e-6 F"), ("0.4e-12 F", "0.4e-6 F")], "of the values"),
    ([("sigma: 6 arcmin", "sigma: 6 deg")], r"\(6 deg\) is 15 times as wide as the region reaches \(0.4 deg\)"),
]


@pytest.mark.parametrize(("changes", "fragment"), ODD)
def test_what_is_odd_but_can_be_used_is_told(tmp_path: Path, changes: list, fragment: str) -> None:
    table = read_table(write(tmp_path, swapped(PROFILE, *changes)))
    (remark,) = remarks(table)
    assert re.search(fragment, remark)
    assert remark in describe(table)


def test_what_ships_and_what_is_documented_is_not_odd(tmp_path: Path) -> None:
    for text in (PROFILE, SPECTRUM, *EXAMPLES):
        assert not remarks(read_table(write(tmp_path, text)))
    for path in data_folder().rglob("*.ecsv"):
        assert not remarks(read_table(path)), path


def test_a_box_catches_along_its_width_what_it_does_not_along_its_height() -> None:
    """Shares of a blurred point that a small box, 4" × 1", catches, by error functions along its own axes."""
    spread, arcsec = 0.3, 1.0 / 3600.0
    for angle in (0.0, 90.0, 30.0):
        box, turn = Box(width=4.0 * arcsec, height=arcsec, angle=angle), math.radians(angle)
        for along, across in ((1.5, 0.0), (0.0, 1.5), (1.9, 0.4), (-1.0, -0.6)):  # by the width, by the height
            north = across * math.cos(turn) - along * math.sin(turn)
            east = across * math.sin(turn) + along * math.cos(turn)
            ends = [(half - x, -half - x) for half, x in ((2.0, along), (0.5, across))]
            shares = [0.5 * (erf(b / spread / 2**0.5) - erf(a / spread / 2**0.5)) for b, a in ends]
            # The point is told from what shines, and the box's centre lies 0.2" north and 0.1" west of that.
            point = np.deg2rad([[north + 0.2, east - 0.1]]) * arcsec
            middle = tuple(np.deg2rad([0.2, -0.1]) * arcsec)
            caught = box.caught(point, Gaussian(math.radians(spread) * arcsec), middle)
            np.testing.assert_allclose(caught, [[shares[0] * shares[1]]], rtol=1e-9, atol=1e-12)
            inside = abs(along) < 2.0 and abs(across) < 0.5
            assert bool(box.contains(point, middle)[0, 0]) is inside
