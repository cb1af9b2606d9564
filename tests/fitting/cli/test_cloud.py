"""`jaxcrc cloud` refuses what it cannot use, in a sentence."""

import pytest

from fitting.cli import main as cli

GIVEN = {"--phase": "wim", "--radius": "8", "--energy": "100"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--phase": "ice"}, "unknown phase 'ice'; choose one of hism"),
        ({"--radius": "-2"}, "radius must lie between"),
        ({"--energy": "0.1"}, "energy must lie between"),
        ({"--kappa0": "nava61"}, "did you mean 'nava16'"),
        ({"--damping": "drag"}, "unknown damping 'drag'; choose from ion-neutral"),
        ({"--extent": "2"}, "extent >= 5"),
        ({"--release": "slowly"}, "choose one of"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(change, words, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cli, "_prepare", lambda: None)
    arguments = [word for pair in {**GIVEN, **change}.items() for word in pair]
    assert cli.main(["cloud", *arguments, "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
