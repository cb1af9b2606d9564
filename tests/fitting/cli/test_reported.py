"""Small inputs that users of such tools reported: each is right, or is answered by one sentence."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

import fitting
from jaxcrc.transport.base import Status

HALO = """
[view]
distance = "1 kpc"
centre = [83.6, 22.0]
[components.halo.source.spectrum]
index = 2.2
cutoff = "100 TeV"
[components.halo.source.release]
kind = "burst"
energy = "3e49 erg"
age = "20 kyr"
[components.halo.medium]
reference = "nava16"
log10_chi = -1.5
delta = 0.4
[components.halo.transport]
kind = "homogeneous"
[tables.profile]
file = "profile.ecsv"
[priors."components.halo.medium.log10_chi"]
dist = "uniform"
low = -3.0
high = 0.0
"""
CHI = "components.halo.medium.log10_chi"
SKY = {"centre": "{ra: 83.6 deg, dec: 22.0 deg}", "psf": "{shape: gaussian, sigma: 0.05 deg}"}
RINGS = [(0.0, 0.3), (0.3, 0.6), (0.6, 1.0)]


def table(columns: dict[str, str], rows: list[tuple[float, ...]], **meta: str) -> str:
    head = [f"# - {{name: {name}, unit: {unit}, datatype: float64}}" for name, unit in columns.items()]
    head = ["# %ECSV 1.0", "# ---", "# datatype:", *head, "# meta:", *(f"#   {k}: {v}" for k, v in meta.items())]
    return "\n".join([*head, " ".join(columns), *(" ".join(map(str, row)) for row in rows)]) + "\n"


def profile(low: float = 1.0, high: float = 10.0, scale: float = 1.0, **meta: str) -> str:
    columns = {"e_min": "TeV", "e_max": "TeV", "r_min": "deg", "r_max": "deg"}
    columns |= dict.fromkeys(["value", "error"], "1 / (cm2 s sr)")
    rows = [(low, high, *ring, scale * 1e-9, scale * 1e-10) for ring in RINGS]
    return table(columns, rows, **{"kind": "surface_brightness"} | SKY | meta)


def region(shape: str, kind: str = "flux", unit: str = "1 / (cm2 s)", **meta: str) -> str:
    columns = {"e_min": "TeV", "e_max": "TeV", "value": unit, "error": unit}
    return table(columns, [(1, 10, 1.0, 0.1)], **{"kind": kind, "region": shape, "psf": SKY["psf"]} | meta)


def sed(energies: list[float], *, kind: str, unit: str, radius: str = "1.0 deg", extra: str = "", **meta: str) -> str:
    where = f"{{shape: circle, centre: {SKY['centre']}, radius: {radius}}}"
    columns = {"e_ref": "TeV", "value": unit, "error": unit}
    return table(columns, [(e, 1e-13, 1e-14) for e in energies], kind=kind, region=where, psf=SKY["psf"], **meta)


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(case: str, **tables: str) -> str:
        (tmp_path / "case.toml").write_text(case)
        for name, text in tables.items():
            (tmp_path / f"{name}.ecsv").write_text(text)
        return "case.toml"

    return call


def predicted(case: str, **values: float) -> dict[str, np.ndarray]:
    found = fitting.load(case).predict(values)
    assert int(found.status) in (0, Status.BELOW_BOHM)
    return {name: np.asarray(rows) for name, rows in found.tables.items()}


@pytest.mark.slow
def test_a_scan_of_a_position_is_the_cases_written_there(write, run, tmp_path):
    case = write(HALO, profile=profile())
    grids = "--grid", "view.offset_north=0:8:2", "--grid", f"{CHI}=-1.5:-1:2"
    assert run("scan", case, *grids, "--out", "scan")[0] == 0
    scanned = xr.open_dataset(tmp_path / "scan" / "scan.nc")["log_likelihood"]
    written = []
    for north in (0.0, 8.0):
        write(HALO.replace("[view]", f"[view]\noffset_north = {north}"))
        written.append(fitting.load(case).log_likelihood({CHI: np.array([-1.5, -1.0])}))
    np.testing.assert_allclose(scanned, written, rtol=1e-3)
    assert np.ptp(written) > 1.0


def test_a_cloud_of_any_size_within_its_prior_is_the_case_written_there(write):
    cloud = "[view.clouds.c]\ncentre = [83.9, 22.3]\nsize = {}\nlog10_mass = 4.5\ndepth = 5.0\n"
    seen = HALO.replace("tables.profile", "tables.cloud").replace("profile.ecsv", 'cloud.ecsv"\ncloud = "c')
    wide = '[priors."view.clouds.c.size"]\ndist = "uniform"\nlow = 0.01\nhigh = 1.0\n'
    where = "{shape: circle, centre: {ra: 83.9 deg, dec: 22.3 deg}, radius: 0.2 deg}"
    free = fitting.load(write(seen + cloud.format(0.1) + wide, cloud=region(where)))
    for size in (0.01, 0.03, 0.1, 0.3, 1.0):
        moved = free.predict({"view.clouds.c.size": size}).tables["cloud"]
        built = predicted(write(seen + cloud.format(size)))["cloud"]
        np.testing.assert_allclose(moved, built, rtol=1e-3)


PLACES = {
    "on": region("{shape: circle, centre: {ra: 83.6 deg, dec: 22.0 deg}, radius: 0.3 deg}"),
    "off": region("{shape: circle, centre: {ra: 84.2 deg, dec: 22.0 deg}, radius: 0.3 deg}"),
}


def test_tables_that_look_apart_need_to_know_where_the_source_is(write, run):
    case = HALO.replace("tables.profile", "tables.on").replace("profile.ecsv", "on.ecsv")
    case += '[tables.off]\nfile = "off.ecsv"\n'
    found = predicted(write(case, **PLACES))
    assert found["on"] > 1.05 * found["off"]
    code, _, error = run("validate", write(case.replace("centre = [83.6, 22.0]\n", "")))
    assert code == 2
    assert "look 0.556 deg apart" in error
    assert "give view.centre" in error


@pytest.mark.parametrize(("component", "name"), [("halo", "H.E.S.S."), ("G40.5-0.5", "hess"), ("a/b", "hess")])
def test_a_name_that_would_be_a_path_is_a_sentence(write, run, component, name):
    text = HALO.replace("[components.halo", f'[components."{component}"').replace("tables.profile", f'tables."{name}"')
    code, _, error = run("validate", write(text, profile=profile()))
    assert code == 2
    assert "a name cannot hold" in error


@pytest.mark.parametrize(("confidence", "code"), [("0.5", 2), ("0.95", 0)])
def test_a_limit_holds_more_often_than_not(write, run, confidence, code):
    text = sed([1.0, 3.0], kind="dnde", unit="1 / (TeV s cm2)", confidence=confidence)
    assert run("validate", write(HALO, profile=text))[0] == code


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ("1.097e-14", "counts in 1e-15"),
        ("10.97", None),
        ('"10.97"', "outside the range of the model"),
        ('"1.097e-14 s/s"', None),
    ],
)
def test_a_period_derivative_says_how_it_counts(write, run, rate, words):
    source, rest = HALO.index("[components.halo.source.spectrum]"), HALO.index("[components.halo.medium]")
    pulsar = f"""
[components.halo.source]
kind = "pulsar"
power = "3.25e34 erg/s"
efficiency = 0.4
tau0 = "12 kyr"
[components.halo.source.injection]
index = 2.2
cutoff = "200 TeV"
[components.halo.source.clock]
kind = "timing"
period = 0.2371
period_derivative = {rate}
"""
    text = (HALO[:source] + pulsar + HALO[rest:]).replace("homogeneous", "cooled")
    code, _, error = run("validate", write(text, profile=profile()))
    assert code == (2 if words else 0)
    assert words is None or words in error


@pytest.mark.slow
def test_protons_reach_as_far_as_the_highest_photons_need(write):
    text = HALO.replace("100 TeV", "10 PeV").replace(
        "[view]", '[options]\nhadronic = "kelner06"\nnuclear = "none"\n[view]'
    )
    unit = "erg / (s cm2)"
    alone = predicted(write(text, profile=sed([1400.0], kind="e2dnde", unit=unit)))["profile"]
    beside = predicted(write(text, profile=sed([10.0, 700.0, 1400.0], kind="e2dnde", unit=unit)))["profile"]
    finer = text.replace("[options]", "[options]\nenergy_max = 1e9\npoints_per_decade = 40")
    fine = predicted(write(finer))["profile"]
    np.testing.assert_allclose(beside[-1], alone[0], rtol=1e-4)
    np.testing.assert_allclose(beside, fine, rtol=1e-3)


def test_the_same_data_twice_are_noticed(write, run):
    text = HALO + '[tables.again]\nfile = "again.ecsv"\n'
    code, out, error = run("validate", write(text, profile=profile(), again=profile()))
    assert code == 0
    assert "3 rows in common" in re.sub(r"\s+", " ", out + error)


def test_a_path_without_quotes_is_a_prior_all_the_same(write):
    plain = fitting.load(write(HALO, profile=profile()))
    bare = fitting.load(write(HALO.replace('"components.halo.medium.log10_chi"', "components.halo.medium.log10_chi")))
    assert bare.paths == plain.paths
    assert bare.log_density(np.array([-1.0])) == plain.log_density(np.array([-1.0]))


def test_gas_around_the_source_is_no_pole(write):
    """A ball of gas with the source in its middle shines as one that lies 1 pc behind it."""
    gas = '[view.clouds.gas]\ncentre = [83.6, 22.0]\nshape = "ball"\nsize = "1.1 deg"\nlog10_mass = 5.8\ndepth = {}\n'
    release = HALO.replace('kind = "burst"\nenergy = "3e49 erg"', 'kind = "continuous"\npower = "1e38 erg/s"')
    release = release.replace("1 kpc", "4 kpc").replace('file = "profile.ecsv"', 'file = "profile.ecsv"\ncloud = "gas"')
    text = sed([0.4, 4.0], kind="dnde", unit="1 / (TeV s cm2)", radius="1.1 deg")
    found = [predicted(write(release + gas.format(depth), profile=text))["profile"] for depth in (0, 0.001, 1)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-3)
