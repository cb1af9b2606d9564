"""Options go through one gate: what has a unit is converted, and what makes no sense is refused when they are made."""

import dataclasses

import astropy.units as u
import numpy as np
import numpyro.distributions as dist
import pytest

import fitting
from fitting.setup.options import GATES
from tests.fitting.halos import halo, layout

NAMES = [field.name for field in dataclasses.fields(fitting.Options)]
SENSE = {
    "nuclear": ((1.8, 1.8), (np.float32(2.0), 2.0), ("none", "none")),
    "leptonic": ((["synchrotron"], ("synchrotron",)),),
    "points_per_decade": ((np.int64(5), 5),),
    "energy_max": ((1e5, 1e5), ("100 TeV", 1e5), (100.0 * u.TeV, 1e5)),
    "reach": ((50, 50.0),),
    "absorption": tuple(({"cmb": way}, {"cmb": 4.0}) for way in (4000.0 * u.pc, "4 kpc", 4)),
    "centres": (({"source": (83.6 * u.deg, "1320 arcmin")}, {"source": (83.6, 22.0)}),),
    "spans": (({"data.a.psf_scale": [0.5, 2]}, {"data.a.psf_scale": (0.5, 2.0)}),),
}
NONSENSE = {
    "nuclear": (0.0, -1.0, 1e300, float("nan"), 1.8 * u.kg),
    "leptonic": ("synchrotron", (3,)),
    "points_per_decade": (0, 201, 10.5, "20"),
    "energy_max": (0.0, -5.0, 1e300, "100 pc", 100.0 * u.pc, [1e5, 1e6]),
    "reach": (0.0, -1.0, 1e300, 3.0 * u.pc),
    "absorption": ({"cmb": -4.0}, {"cmb": 1e300}, {"cmb": "4 m / s"}, {"cmb": None}, 4.0),
    "centres": ({"source": (400.0, 0.0)}, {"source": 3.0}, (83.6, 22.0)),
    "spans": ({"a": (2.0, 0.5)}, {"a": 3.0}, {"a": (0.5, 2.0 * u.m)}, {"a": (0.5, float("nan"))}),
}


def test_every_option_has_a_gate():
    assert list(GATES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_option_refuses_what_it_cannot_be(name):
    for wrong in (True, 3.0 * u.mol, object(), *NONSENSE.get(name, ())):
        with pytest.raises(fitting.AssemblyError, match=rf"^options\.{name}: "):
            fitting.Options(**{name: wrong})


@pytest.mark.parametrize("name", SENSE)
def test_an_option_takes_what_says_its_unit(name):
    for given, kept in SENSE[name]:
        assert getattr(fitting.Options(**{name: given}), name) == kept


def problem(priors: dict, **options) -> fitting.Problem:
    chosen = fitting.Options(nuclear="none", points_per_decade=3, **options)
    return fitting.Problem(halo("burst"), {"profile": layout(2)}, priors, chosen)


def test_spans_of_unknown_paths_are_refused():
    with pytest.raises(fitting.PriorError, match=r"options\.spans: .*profil\.psf_scale.*did you mean data\.profile"):
        problem({}, spans={"data.profil.psf_scale": (0.5, 2.0)})


def test_spans_that_a_prior_gave_do_not_outlive_it(burst, monkeypatch):
    monkeypatch.setattr("fitting.problem.problem.assemble", lambda *_: burst.setup)
    path = "components.halo.source.spectrum.log10_cutoff"
    first = problem({path: dist.Uniform(2.0, 3.5)})
    assert first.options.spans[path] == (2.0, 3.5)
    assert path not in first.changed(priors={}).options.spans
