"""Quantities as people write them; what is no quantity is told in one short sentence."""

import pytest

from jaxcrc.units import to_float, unit_of


def test_numbers_and_texts_become_floats():
    assert to_float(3, "kpc") == 3.0
    assert to_float("3000 pc", "kpc") == pytest.approx(3.0, rel=1e-15)
    assert to_float("1.097e-14 s / s", "1e-15") == pytest.approx(10.97, rel=1e-12)
    assert to_float("1.097e-14", "1e-15") == pytest.approx(10.97, rel=1e-12)
    assert unit_of("1 / (TeV cm2 s)").is_equivalent(unit_of("GeV-1 m-2 h-1"))


WRONG = [
    ("3 degg", "deg", "degg is not a valid unit: did you mean deg?"),
    ("3e49 ergs", "erg", "ergs is not a valid unit: did you mean erg?"),
    ("3 erg / (cm2 ss)", "erg / (cm2 s)", "is not a valid unit"),
    ("erg", "erg", "does not start with a number"),
    ("", "erg", "does not start with a number"),
    ("1 GeV", "kpc", "'GeV' (energy/torque/work) and 'kpc' (length) are not convertible"),
    (None, "kpc", "numeric type"),
    (True, "kpc", "is not a quantity"),
]


@pytest.mark.parametrize(("given", "unit", "fragment"), WRONG)
def test_what_is_no_quantity_is_told_in_one_sentence(given, unit, fragment):
    with pytest.raises(ValueError) as caught:
        to_float(given, unit)
    check(str(caught.value), fragment)


@pytest.mark.parametrize(
    ("given", "fragment"),
    [
        ("photons / cm2", "did you mean photon"),
        ("1 / (cm2 s", "Syntax error"),
        (["s"], "unit"),
        ("1e-15 s s s)", "unit"),
    ],
)
def test_what_is_no_unit_is_told_in_one_sentence(given, fragment):
    with pytest.raises(ValueError) as caught:
        unit_of(given)
    check(str(caught.value), fragment)


def check(message: str, fragment: str) -> None:
    """The fragment, and none of the advice to programmers that astropy adds."""
    assert fragment in message
    assert len(message) < 200
    assert not any(word in message for word in ("\n", ". ", "def_unit", "http", "custom unit", "At col"))
