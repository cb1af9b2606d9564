"""A folder that is written to: by one at a time, all of it or nothing, and nothing in it replaced unasked."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident

from fitting.cases.files import CaseError
from fitting.words import PART, listed, part_of

LOCK_FILE = ".jaxcrc.lock"
_ours: set[tuple[Path, int]] = set()


def digest(content: bytes) -> str:
    """What tells contents apart: SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder, made where it is missing, and ours alone within the block; one that stays empty is gone afterwards.

    The lock ends with the process, however it ends. A block within a block of the same folder needs no other lock.
    Errors: CaseError where nothing can be written, or where another process writes.
    """
    made = _make(folder)
    key = (folder.resolve(), get_ident())
    try:
        if key in _ours:
            yield folder
            return
        with _locked(folder):
            _ours.add(key)
            try:
                yield folder
            finally:
                _ours.discard(key)
    finally:
        for one in made:
            with suppress(OSError):
                one.rmdir()  # refused where anything is inside


def _make(folder: Path) -> list[Path]:
    """Make the folder, and try whether it takes files; the folders made, innermost first."""
    try:
        there = next(path for path in (folder, *folder.parents, Path()) if path.exists())
        if not there.is_dir():
            raise CaseError("", f"{there} is a file: give --out a folder")
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".jaxcrc-", dir=folder):
            return missing
    except OSError as error:
        raise CaseError("", f"cannot write into {folder} ({error.strerror}): give another --out") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = folder / LOCK_FILE
    with lock.open("a") as handle:
        if not _alone(handle.fileno(), lock):
            raise CaseError("", f"another jaxcrc writes into {folder}: wait for it, or give another --out")
        try:
            for left in folder.glob(f".*{PART}"):  # of a process that was killed
                left.unlink(missing_ok=True)
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _alone(handle: int, lock: Path) -> bool:
    """Whether the lock is ours, and still the file of that name (its last holder may have removed it in between)."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False


def refuse_replacing(
    folder: Path, files: Mapping[str, bytes | None], overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Whether files {name: content, or None where it is not known yet} may be written; the same content replaces none.

    Errors: CaseError where one is there and overwriting was not asked for, or where one of `inputs`, which the work
    starts from, would be lost.
    """
    paths = {folder / name: content for name, content in files.items()}
    there = [path for path, content in paths.items() if path.exists() and not (content and _holds(path, content))]
    sources = {path.resolve() for path in inputs}
    if lost := [path for path in there if path.resolve() in sources]:
        raise CaseError("", f"{lost[0]} is what the case is read from, and would be replaced: give another --out")
    if there and not overwrite:
        names = [path.name for path in there]
        some = listed(names if len(names) < 4 else [*names[:2], f"{len(names) - 2} files more"])
        raise CaseError("", f"{folder} holds {some} already: give another --out, or --overwrite (overwrite=True)")


def publish(folder: Path, files: Mapping[str, bytes], stale: Iterable[str] = ()) -> None:
    """Write files {name: content}, all or none: each is on the disk before the first takes its place.

    What holds the same content already is left alone. The last one takes its place last, so that it may vouch for the
    others. Arguments: stale — names of files that go when the new ones come. Errors: OSError; then all is as it was.
    """
    with held(folder):
        new = {folder / name: content for name, content in files.items() if not _holds(folder / name, content)}
        try:
            for path, content in new.items():
                _put(part_of(path), content)
            for name in stale:
                (folder / name).unlink(missing_ok=True)
            for path in new:
                os.replace(part_of(path), path)
        finally:
            for path in new:
                part_of(path).unlink(missing_ok=True)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
