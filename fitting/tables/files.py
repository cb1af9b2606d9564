"""Tables as files: found by path or shipped name, read, and written whole or not at all.

The columns and metadata of a file are described in docs/tables.md.
"""

from __future__ import annotations

import io
from pathlib import Path

from fitting.tables.checks import TableError
from fitting.tables.ecsv import read_ecsv, to_rows
from fitting.tables.shipped import data_folder
from fitting.tables.table import Table
from fitting.words import suggest, whole


def read_table(path: str | Path) -> Table:
    """Read a table from an ECSV file, or a shipped one by its name, such as "w28/hess_j1800_240b".

    Errors: TableError, one sentence that names the file, the column, key or row, and the remedy.
    """
    file = locate(path)
    try:
        return read_ecsv(file)
    except TableError as error:
        raise TableError(f"{path}: {error}") from None


def write_table(table: Table, path: str | Path, overwrite: bool = False) -> None:
    """Write a table as ECSV; reading it gives the same numbers, bit by bit. The file appears whole or not at all.

    Errors: TableError if the file exists and `overwrite` is False, or if its folder does not exist.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise TableError(f"{path}: exists already; choose another name, or say overwrite=True")
    if not path.parent.is_dir():
        raise TableError(f"{path}: its folder does not exist; make it first")
    with whole(path) as part:
        part.write_bytes(table_bytes(table))


def table_bytes(table: Table) -> bytes:
    """A table as the content of an ECSV file."""
    text = io.StringIO()
    to_rows(table).write(text, format="ascii.ecsv")
    return text.getvalue().encode("utf-8")


def locate(path: str | Path) -> Path:
    """The file of a table: `path` itself, or the shipped table of that name, with or without `.ecsv`."""
    file = Path(path)
    if file.is_file():
        return file
    if file.is_dir():
        raise TableError(f"{path}: is a folder; name one table in it")
    return locate_shipped(path)


def locate_shipped(path: str | Path) -> Path:
    """The file of the shipped table of that name, with or without `.ecsv`, whatever lies in the current folder."""
    folder = data_folder()
    shipped = {found.relative_to(folder).with_suffix("").as_posix(): found for found in sorted(folder.rglob("*.ecsv"))}
    name = Path(path).as_posix().removesuffix(".ecsv")
    if name not in shipped:
        raise TableError(f"{path}: no such file, and no shipped table of this name; {suggest(name, shipped)}")
    return shipped[name]
