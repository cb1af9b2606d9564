"""The command line in this process."""

import pytest

from fitting.cli import main as cli


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_prepare", lambda: None)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(a) for a in arguments])
        return code, *capsys.readouterr()

    return call
