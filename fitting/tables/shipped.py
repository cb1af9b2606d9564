"""Where the shipped tables and cases lie."""

from __future__ import annotations

from pathlib import Path


def data_folder() -> Path:
    """The folder of what ships: in an installed package, or `data` in a checkout. Errors: FileNotFoundError."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "_data", here.parent / "data"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"there are no shipped data in {here / '_data'} or {here.parent / 'data'}; install jaxcrc again"
    )
