"""`jaxcrc cloud` as a person runs it: the cold medium of the review."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Table

from fitting.cli import main as cli

pytestmark = pytest.mark.slow


def test_table_and_figures_of_the_cold_medium(monkeypatch, capsys, tmp_path):
    """g = ½, no advection: A7 at the radius of release of 1 TeV protons; a mesh too short is refused."""
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    words = ["cloud", "--phase", "cnm", "--radius", "2.7", "--energy", "100", "1000", "--growth-factor", "0.5"]
    assert cli.main([*words, "--no-advection", "--out", str(tmp_path / "cnm")]) == 0
    assert "[kyr]" in capsys.readouterr().out
    table = Table.read(tmp_path / "cnm" / "half_life.ecsv")
    assert table["half_life"].unit == u.kyr
    assert table["grammage"].unit == u.g / u.cm**2
    np.testing.assert_allclose(table["half_life"][1], 1.26, rtol=1e-2)
    np.testing.assert_allclose(table["escape_radius"], [2.8, 2.7], rtol=2e-2)
    # A13 gives 1.3 g/cm2 with 1.4 m_p for each of 30 particles per cm3; the phase holds 36.6 m_H cm-3
    np.testing.assert_allclose(table["grammage"][1], 1.3 * 36.6 / 42.0, rtol=0.06)
    assert list(table["status"]) == ["ok", "ok"]
    pictures = {path.name for path in (tmp_path / "cnm").glob("*.png")}
    assert pictures == {"half_life.png", "along_100GeV.png", "along_1000GeV.png", "spectra.png"}
    assert cli.main([*words, "--no-advection", "--extent", "20", "--out", str(tmp_path / "short")]) == 2
    assert "larger --extent" in capsys.readouterr().err
