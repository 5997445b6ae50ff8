"""The small changes of the source that a test should notice, made in its syntax tree."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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


class Changes(ast.NodeTransformer):
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
        changes = Changes()
        changes.visit(ast.parse(path.read_text("utf-8")))
        made += [Mutant(path, number, *found) for number, found in enumerate(changes.found)]
    return made


def statement(path: Path, line: int) -> range:
    """The lines of the innermost statement at a line; of one that holds others only its head."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):  # outer statements come first
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if line <= end or line == node.lineno:
                found = range(node.lineno, max(end, node.lineno) + 1)
    return found
