"""Whether the tests notice a wrong program: small changes of the source, one at a time, and the tests that should fail.

    python -m benchmarks.mutants [GROUP ...] [--mutants 20] [--seed 0] [--seconds 300] [--jobs 1]

A seeded sample of each group's modules; a mutant is killed when a test of the group fails or does not end in time.
A child process that was forked after the libraries were imported changes one module as it imports it, so no file is
touched and no mutant pays for importing torch: mutmut and cosmic-ray start the suite anew for each, and have no sample.
Exits with 1 where fewer than ``--least`` percent of a group are killed.
"""

import argparse
import ast
import contextlib
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "src"
GROUPS: dict[str, tuple[list[str], list[str]]] = {  # modules, and the tests of them, the quickest first
    "coding": (
        ["coding/*.py"],
        [
            *(
                f"tests/coding/test_{name}.py"
                for name in ("fhir", "identity", "untrained", "checks", "bulk", "caution", "coder")
            ),
        ],
    ),
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
_SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Mutant(NamedTuple):
    """One change: of the module in ``path``, the ``number``-th that can be made there."""

    path: Path
    number: int
    line: int
    what: str


class _Changes(ast.NodeTransformer):
    """Counts the changes that a module allows, and makes the one asked for."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.found = wanted, []  # type: int, list[tuple[int, str]]

    def _now(self, node: ast.AST, what: str) -> bool:
        self.found.append((getattr(node, "lineno", 0), what))
        return len(self.found) - 1 == self.wanted

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        # not what is written for readers: annotations, decorators
        node.args.defaults = [self.visit(value) for value in node.args.defaults]
        node.args.kw_defaults = [value and self.visit(value) for value in node.args.kw_defaults]
        node.body = [self.visit(statement) for statement in node.body]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = node.value and self.visit(node.value)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node  # what an error says is for people: only whether it is raised counts

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if not isinstance(node.value, ast.Call | ast.Await):
            return node
        if self._now(node, "left out: " + ast.unparse(node)[:50]):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for place, operator in enumerate(node.ops):
            if self._now(node, f"{type(operator).__name__} turned: {ast.unparse(node)[:50]}"):
                node.ops[place] = _SWAPPED[type(operator)]()
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        if self._now(node, f"and/or turned: {ast.unparse(node)[:50]}"):
            node.op = _SWAPPED[type(node.op)]()
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if type(node.op) in _SWAPPED and self._now(node, f"operator turned: {ast.unparse(node)[:50]}"):
            node.op = _SWAPPED[type(node.op)]()
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if type(node.op) in _SWAPPED and self._now(node, f"operator turned: {ast.unparse(node)[:50]}"):
            node.op = _SWAPPED[type(node.op)]()
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.op, ast.Not) and self._now(node, f"not left out: {ast.unparse(node)[:50]}"):
            return self.visit(node.operand)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            if self._now(node, f"{node.value} turned"):
                return ast.copy_location(ast.Constant(not node.value), node)
        elif isinstance(node.value, int | float) and self._now(node, f"{node.value} + 1"):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        return node

    def _turned(self, node: ast.If | ast.IfExp) -> ast.AST:
        # a comparison or a "not" is turned where it stands
        if not isinstance(node.test, ast.Compare | ast.UnaryOp) and self._now(
            node, f"if turned: {ast.unparse(node.test)[:50]}"
        ):
            node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            return node
        return self.generic_visit(node)

    visit_If = visit_IfExp = _turned

    def visit_Return(self, node: ast.Return) -> ast.AST:
        simple = node.value is None or isinstance(node.value, ast.Constant | ast.Compare | ast.BoolOp)
        if not simple and self._now(node, "returns None"):
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return ast.copy_location(ast.Break(), node) if self._now(node, "continue: break") else node

    def visit_Break(self, node: ast.Break) -> ast.AST:
        return ast.copy_location(ast.Continue(), node) if self._now(node, "break: continue") else node


def mutants(paths: Sequence[Path]) -> list[Mutant]:
    """All that can be made of the modules."""
    made = []
    for path in paths:
        changes = _Changes()
        changes.visit(ast.parse(path.read_text("utf-8")))
        made += [Mutant(path, number, *found) for number, found in enumerate(changes.found)]
    return made


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(SOURCE).with_suffix("").parts
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)
        tree = _Changes(mutant.number).visit(ast.parse(mutant.path.read_text("utf-8")))
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


def killed(mutant: Mutant | None, tests: Sequence[str], seconds: float, told: Path = Path(os.devnull)) -> str:
    """``failed`` or ``late`` where the tests notice the mutant, else empty; None: the program as it is.

    What the tests print goes to ``told``.
    """
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        printed = os.open(told, os.O_WRONLY | os.O_CREAT)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        status = 3
        with contextlib.suppress(BaseException):
            if mutant:
                sys.meta_path.insert(0, _Changed(mutant))
            status = int(pytest.main([*OPTIONS, *tests]))
        os._exit(status)
    late = time.monotonic() + seconds
    while time.monotonic() < late:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "" if status == 0 else "failed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "late"


def _import_libraries() -> None:
    """Those that the product and the tests import, so that a child has them; nothing of the product."""
    for name in ("torch", "tokenizers", "pyarrow.parquet", "duckdb", "scipy.sparse", "typer.testing", "rich"):
        importlib.import_module(name)
    for name in ("fastapi", "uvicorn", "httpx", "hypothesis", "fhir.resources", "transformers"):
        importlib.import_module(name)
    assert not any(name.split(".")[0] == "icdbridge" for name in sys.modules)


def outcomes(
    chosen: list[Mutant], tests: list[str], seconds: float, jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant, and by what it was killed."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(killed, mutant, tests, seconds) for mutant in chosen]
        for mutant, done in zip(chosen, waiting, strict=True):
            yield mutant, done.result()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], default=[])
    parser.add_argument("--mutants", type=int, default=20, help="of each group")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=300, help="that the tests of one mutant may take")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--least", type=float, default=85, help="percent to be killed in each group")
    given = parser.parse_args()
    _import_libraries()
    low = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.groups or GROUPS:
            patterns, tests = GROUPS[name]
            paths = sorted(path for pattern in patterns for path in (SOURCE / "icdbridge").glob(pattern))
            tests = [test for test in tests if Path(test).exists()]
            # what tests build of the code systems is built once a group, by the program as it is
            os.environ["XDG_CACHE_HOME"] = str(Path(scratch) / name)
            told = Path(scratch) / "told.txt"
            if how := killed(None, tests, 4 * given.seconds, told):
                print(told.read_text("utf-8")[-2000:])
                sys.exit(f"{name}: {how} without a mutant: python -m pytest {' '.join(tests)}")
            possible = mutants(paths)
            chosen = random.Random(given.seed).sample(possible, min(given.mutants, len(possible)))
            dead, start = 0, time.monotonic()
            for mutant, by in outcomes(chosen, tests, given.seconds, given.jobs):
                dead += bool(by)
                if not by:
                    where = mutant.path.relative_to(SOURCE)
                    print(f"  survived: {where}:{mutant.line} #{mutant.number} {mutant.what}", flush=True)
            score, minutes = 100 * dead / len(chosen), (time.monotonic() - start) / 60
            if score < given.least:
                low.append(name)
            killed_of = f"{dead} of {len(chosen)} killed ({score:.0f} %)"
            print(f"{name}: {killed_of}, of {len(possible)} possible, {minutes:.1f} min", flush=True)
    if low:
        sys.exit(f"fewer than {given.least:g} % killed: {', '.join(low)}")


if __name__ == "__main__":
    main()
