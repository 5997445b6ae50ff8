"""How many small changes of the source the tests notice.

    python -m benchmarks.mutants [GROUP ...] [--mutants 20] [--seed 0 1] [--jobs 1]

A seeded sample of each group's modules; a mutant is killed when a test of the group fails or does not end in time.
The group's tests run once as they are, to learn which of them execute which line; then a mutant meets only tests that
execute its module, those that execute its line first. A child process that was forked after the libraries were
imported changes one module as it imports it, so no file is touched and no mutant pays for importing torch: mutmut and
cosmic-ray start the suite anew for each, and have no sample.
Exits with 1 where fewer than ``--least`` percent of a group are killed.
"""

import argparse
import ast
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from .changes import Changes, Mutant, mutants
from .reaching import Chosen, Reach, Watch

SOURCE = Path(__file__).parents[2] / "src"
GROUPS: dict[str, tuple[list[str], list[str]]] = {  # modules, and where their tests are
    "coding": (["coding/*.py"], ["tests/coding"]),
    "server/guards": (
        ["server/guards.py"],
        ["tests/server/test_middleware.py", "tests/server/test_guards.py"],
    ),
    "lexical/contexts": (
        [f"lexical/{name}.py" for name in ("contexts", "context_rules", "signs")],
        ["tests/lexical/test_contexts.py"],
    ),
    "runs": (
        ["runs/*.py"],
        [
            "tests/runs",
            "tests/coding/test_new_release.py",
            *(
                f"tests/training/test_{name}.py"
                for name in ("fit_calibration", "matching", "distill_candidates")
            ),
            "tests/coding/test_coder.py",
        ],
    ),
    "files": (["files.py"], ["tests/test_files.py"]),
}
OPTIONS = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(SOURCE).with_suffix("").parts
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)
        tree = Changes(mutant.number).visit(ast.parse(mutant.path.read_text("utf-8")))
        self.path = mutant.path
        self.code = compile(ast.fix_missing_locations(tree), str(mutant.path), "exec")

    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        below = [str(self.path.parent)] if self.package else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=below
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def _in_a_child(work: Callable[[], int], seconds: float, told: Path) -> str:
    """``failed`` or ``late`` where the work does not end well in time, else empty; what it prints is in ``told``."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        printed = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        status = 3
        try:
            status = work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(status)
    late = time.monotonic() + seconds
    while time.monotonic() < late:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return f"ended by signal {os.WTERMSIG(status)}"
            return "" if status == 0 else "failed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "late"


def _reach(modules: list[Path], tests: list[str], scratch: Path) -> Reach:
    """What the group's tests execute in the program as it is; exits where one fails."""
    found, printed = scratch / "reach.json", scratch / "printed.txt"
    how = _in_a_child(lambda: pytest.main([*OPTIONS, *tests], plugins=[Watch(modules, found)]), 3600, printed)
    if how:
        print(printed.read_text("utf-8")[-2000:])
        sys.exit(f"{how} without a mutant: python -m pytest {' '.join(tests)}")
    return Reach(found)


def _killed(mutant: Mutant, reach: Reach) -> str:
    """By what: ``failed``, ``late``; empty where no test notices the mutant."""
    tests = reach.tests(mutant)
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))

    def work() -> int:
        sys.meta_path.insert(0, _Changed(mutant))
        return pytest.main([*OPTIONS, *files], plugins=[Chosen(tests)])

    # as long as ten times, and a child imports the product first: a busy machine kills no mutant
    return _in_a_child(work, 60 + 10 * reach.seconds_of(tests), Path(os.devnull))


def _import_libraries() -> None:
    """Those that the product and the tests import, so that a child has them; nothing of the product."""
    for name in ("torch", "tokenizers", "pyarrow.parquet", "duckdb", "scipy.sparse", "typer.testing", "rich"):
        importlib.import_module(name)
    for name in ("fastapi", "uvicorn", "httpx", "hypothesis", "fhir.resources", "transformers"):
        importlib.import_module(name)
    assert not any(name.split(".")[0] == "icdbridge" for name in sys.modules)


def _measure(
    name: str, possible: Sequence[Mutant], reach: Reach, given: argparse.Namespace, seed: int
) -> float:
    """Tries one sample and prints what survived; percent killed."""
    chosen = random.Random(seed).sample(possible, min(given.mutants, len(possible)))
    dead, start = 0, time.monotonic()
    with ThreadPoolExecutor(given.jobs) as pool:
        for mutant, by in zip(chosen, pool.map(lambda one: _killed(one, reach), chosen), strict=True):
            dead += bool(by)
            if not by:
                where = mutant.path.relative_to(SOURCE)
                print(f"  survived: {where}:{mutant.line} #{mutant.number} {mutant.what}", flush=True)
    score, minutes = 100 * dead / len(chosen), (time.monotonic() - start) / 60
    print(
        f"{name}, seed {seed}: {dead} of {len(chosen)} killed ({score:.0f} %), "
        f"of {len(possible)} possible, {minutes:.1f} min",
        flush=True,
    )
    return score


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], default=[])
    parser.add_argument("--mutants", type=int, default=20, help="of each group")
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="one sample each")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--least", type=float, default=85, help="percent to be killed in each group")
    given = parser.parse_args()
    _import_libraries()
    low = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.groups or GROUPS:
            scratch = Path(folder) / name.replace("/", "-")
            scratch.mkdir()
            # what tests build of the code systems is built once a group, by the program as it is
            os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
            patterns, tests = GROUPS[name]
            modules = sorted(path for pattern in patterns for path in (SOURCE / "icdbridge").glob(pattern))
            start = time.monotonic()
            reach = _reach(modules, tests, scratch)
            print(f"{name}: {len(reach.needs)} tests, {(time.monotonic() - start) / 60:.1f} min", flush=True)
            possible = mutants(modules)
            scores = [_measure(name, possible, reach, given, seed) for seed in given.seed]
            if min(scores) < given.least:
                low.append(name)
    if low:
        sys.exit(f"fewer than {given.least:g} % killed: {', '.join(low)}")


if __name__ == "__main__":
    main()
