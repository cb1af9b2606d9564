# /// script
# requires-python = ">=3.11"
# dependencies = ["cosmic-ray==8.7.0", "click"]
# ///
"""Changes lines that carry numbers, one at a time, and counts how many changes the tests notice.

    uv run --script benchmarks/mutants.py [--sample 200] [--seed 0] [--jobs 2] [--out mutants.jsonl] [MODULE.py ...]

A mutant (a sign turned, * for /, a number one higher, a comparison the other way) is killed when a test fails. Each is
tried in a clone of HEAD: against the fast tests of its own room and those that name what its module defines, then
against those of the rooms that import it or that everything goes through, at last against the slow ones of the first
group; so the score is a lower bound of what the whole suite notices. Results are written line by line: the same command
goes on after a stop, as long as HEAD is the same. Survivors are printed as differences; mutants that could not be tried
count as neither.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click
from cosmic_ray.commands.init import _all_work_items  # the one that needs no database
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_item import TestOutcome

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = ["jaxcrc", *(f"fitting/{room}" for room in ("tables", "setup", "problem", "inference", "runs"))]
NUMBERS += [f"fitting/report/{name}.py" for name in ("agreement", "belief", "combinations", "compare", "diffusion")]
KINDS = {
    *(f"ReplaceBinaryOperator_{pair}" for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "Pow_Mul")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_Gt", "Gt_Lt", "LtE_GtE", "GtE_LtE", "Eq_NotEq", "NotEq_Eq")),
    *(f"ReplaceUnaryOperator_Delete_{kind}" for kind in ("USub", "Not", "Invert")),
    *("NumberReplacer", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
}
# Rooms that every prediction goes through: their tests see what those next to a mutant do not.
THROUGH = ["tests/fitting/problem", "tests/fitting/cases", "tests/fitting/setup", "tests/jaxcrc/responses"]
LONGEST = 2400  # [s] a mutant that has not ended by then hangs, and counts as killed


def room(module: Path) -> Path:
    """The folder of tests that mirrors a module's."""
    mirror = Path("tests") / module.parent
    while not (ROOT / mirror).is_dir() or not any((ROOT / mirror).glob("test_*.py")):
        mirror = mirror.parent
    return mirror


def users(module: str) -> list[str]:
    """Folders of tests of the rooms that import a module."""
    imported = re.compile(rf"from {re.escape(module.removesuffix('.py').replace('/', '.'))} import")
    files = [file for top in ("jaxcrc", "fitting") for file in sorted((ROOT / top).rglob("*.py"))]
    return list(dict.fromkeys(str(room(f.relative_to(ROOT))) for f in files if imported.search(f.read_text())))


def nearest(module: str) -> list[str]:
    """Test files of a module's room, and those that name what it defines."""
    mirror = room(Path(module))
    defined = re.findall(r"^(?:def|class) ([A-Za-z]\w+)", (ROOT / module).read_text(), re.MULTILINE)
    named = re.compile(rf"\b(?:{'|'.join(defined)})\b") if defined else None
    own = sorted((ROOT / mirror).rglob("test_*.py"))
    others = [file for file in sorted((ROOT / "tests").rglob("test_*.py")) if file not in own]
    return [str(f.relative_to(ROOT)) for f in own + [f for f in others if named and named.search(f.read_text())]]


def command(python: str, module: str) -> str:
    """Three runs of pytest, the cheapest first; a run that collects nothing (exit code 5) is passed."""
    how = f"{python} -m pytest -x -q -p no:xdist -p no:cacheprovider -o addopts= --import-mode=importlib"
    near = " ".join(nearest(module))
    groups = [("not slow", near), ("not slow", " ".join(users(module) + THROUGH)), ("slow", near)]
    runs = " && ".join(f'({how} -m "{mark}" {files} || [ $? = 5 ])' for mark, files in groups)
    return f"bash -c '{runs}'"


def prepare(clone: str) -> None:
    os.chdir(clone)
    # A mutant leaves most programs as they are: they are compiled once for all.
    os.environ |= {
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": clone,
        "JAX_COMPILATION_CACHE_DIR": str(Path(clone).parent / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def tried(clone: str, mutation, python: str, head: str) -> dict:
    prepare(clone)
    result = mutate_and_test([mutation], command(python, str(mutation.module_path)), LONGEST)
    last = [line for line in (result.output or "").splitlines() if line.startswith(("FAILED", "ERROR"))][:1]
    outcome = result.test_outcome.value if result.test_outcome else result.worker_outcome.value
    return key(mutation, head) | {"outcome": outcome, "by": last[0] if last else "", "diff": result.diff}


def key(mutation, head: str) -> dict:
    found = {"module": str(mutation.module_path), "kind": mutation.operator_name, "occurrence": mutation.occurrence}
    return {"head": head, **found}


def name(found: dict) -> tuple:
    return found["head"], found["module"], found["kind"], found["occurrence"]


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--sample", default=200, help="how many mutants are drawn among all")
@click.option("--seed", default=0, help="of the draw")
@click.option("--jobs", default=os.cpu_count(), help="mutants at once")
@click.option("--python", default=str(ROOT / ".venv/bin/python"), help="with the package's dependencies")
@click.option("--out", default="mutants.jsonl", type=click.Path(path_type=Path), help="results, a line each")
def main(modules: tuple[str, ...], sample: int, seed: int, jobs: int, python: str, out: Path) -> None:
    """Tries mutants of MODULES (all that carry numbers) and prints the score and the survivors."""
    out = out.resolve()
    os.chdir(ROOT)
    if subprocess.run(["git", "status", "--porcelain", "-uno"], check=True, capture_output=True).stdout:
        raise click.ClickException("mutants are made of HEAD: commit what is changed first")
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    paths = [path for given in modules or NUMBERS for path in sorted([Path(given), *Path(given).rglob("*.py")])]
    found = [item.mutations[0] for item in _all_work_items([p for p in paths if p.suffix == ".py"], {})]
    found = [mutation for mutation in found if mutation.operator_name.removeprefix("core/") in KINDS]
    drawn = random.Random(seed).sample(found, min(sample, len(found)))
    known = {name(line): line for line in map(json.loads, out.read_text().splitlines())} if out.exists() else {}
    left = [mutation for mutation in drawn if name(key(mutation, head)) not in known]
    print(f"{len(drawn)} of {len(found)} mutants drawn, {len(drawn) - len(left)} known", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        clones = [f"{folder}/{i}" for i in range(jobs)]
        for clone in clones:
            subprocess.run(["git", "clone", "-q", str(ROOT), clone], check=True)
        prepare(clones[0])
        outcome, output = run_tests(f"{python} -m pytest -q -m 'not slow' -n{jobs}", 4 * LONGEST)
        if outcome is not TestOutcome.SURVIVED:
            raise click.ClickException(f"tests fail without a mutant: {output[-500:]}")
        pools = [ProcessPoolExecutor(1) for _ in clones]
        waiting = iter(left)
        running = {}
        for pool, clone in zip(pools, clones, strict=True):
            if (mutation := next(waiting, None)) is not None:
                running[pool.submit(tried, clone, mutation, python, head)] = pool, clone
        while running:
            done = next(as_completed(running))
            pool, clone = running.pop(done)
            line = done.result()
            known[name(line)] = line
            with out.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{line['outcome']:9s} {line['module']} {line['kind']} {line['by'][:110]}", flush=True)
            if (mutation := next(waiting, None)) is not None:
                running[pool.submit(tried, clone, mutation, python, head)] = pool, clone
    lines = [known[name(key(mutation, head))] for mutation in drawn]
    alive, killed = ([line for line in lines if line["outcome"] == outcome] for outcome in ("survived", "killed"))
    for line in alive:
        print(line["diff"])
    told = len(alive) + len(killed)
    print(f"{len(killed)} of {told} killed: {100 * len(killed) / max(told, 1):.1f} %; {len(lines) - told} not tried")


if __name__ == "__main__":
    main()
