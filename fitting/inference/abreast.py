"""Several searches abreast: each asks for −ln p and its gradient in a thread of its own, all are answered together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

import numpy as np

from fitting.inference.slopes import Slopes

Given = TypeVar("Given")
Found = TypeVar("Found")
SLOW = 2.0e-3  # seconds for −ln p and its gradient, above which handing over between threads costs nothing


def worth_it(slopes: Slopes, point: np.ndarray) -> bool:
    """Whether −ln p takes so long at a point that searches had better go abreast."""
    slopes(point[None])  # compiled
    begun = time.perf_counter()
    slopes(point[None])
    return time.perf_counter() - begun > SLOW


def in_turn(slopes: Slopes, search: Callable[[Slopes, Given], Found], starts: Sequence[Given]) -> list[Found]:
    """What a search finds from each start, one after the other: the same as `abreast`."""
    return [search(slopes, start) for start in starts]


def abreast(slopes: Slopes, search: Callable[[Slopes, Given], Found], starts: Sequence[Given]) -> list[Found]:
    """What a search finds from each start, all at once.

    One that has ended waits at the gate until none asks any more. Errors: what a search or the slopes raise; the other
    searches end with it.
    """
    asked: dict[int, np.ndarray] = {}
    told: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def answer() -> None:
        told.clear()
        if asked:
            order = sorted(asked)
            ends = np.cumsum([len(asked[k]) for k in order])[:-1]
            values, gradients = slopes(np.concatenate([asked[k] for k in order]))
            told.update(zip(order, zip(np.split(values, ends), np.split(gradients, ends), strict=True), strict=True))
        asked.clear()

    gate = Barrier(max(len(starts), 1), answer)

    def ask(k: int, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        asked[k] = points
        gate.wait()
        return told[k]

    def run(k: int) -> Found:
        try:
            found = search(lambda points: ask(k, points), starts[k])
            gate.wait()
            while told:
                gate.wait()
        except BaseException:
            gate.abort()
            raise
        return found

    with ThreadPoolExecutor(gate.parties) as pool:
        runs = [pool.submit(run, k) for k in range(len(starts))]
        try:
            wait(runs)
        finally:
            gate.abort()  # an interrupt comes to this thread alone
    for one in sorted(runs, key=lambda one: isinstance(one.exception(), BrokenBarrierError)):
        one.result()
    return [one.result() for one in runs]
