"""Which tests execute which line of the modules, and how long each test takes: two plugins of pytest."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import coverage
import pytest
from hypothesis import Phase, settings

from .changes import Mutant, statement


class Watch:
    """Runs the tests once and writes down what each of them, and each fixture that tests share, executes."""

    def __init__(self, modules: Sequence[Path], told: Path) -> None:
        self.modules, self.told = [str(path) for path in modules], told
        self.doing = [""]  # what is done now, the innermost last: fixtures, tests, else what imports do
        self.seconds: dict[str, float] = defaultdict(float)
        self.needs: dict[str, list[str]] = {}
        self.coverage = coverage.Coverage(data_file=None, include=self.modules, config_file=False)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.needs[item.nodeid] = list(getattr(item, "fixturenames", []))
        return (yield from self._timed(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        # by its name alone: fixtures of one name count as one
        return (yield from self._timed(f"fixture {fixturedef.argname}"))

    def _timed(self, name: str) -> Iterator[None]:
        self.doing.append(name)
        self.coverage.switch_context(name)
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            spent = time.perf_counter() - start
            self.doing.pop()
            self.seconds[name] += spent
            self.seconds[self.doing[-1]] -= spent
            self.coverage.switch_context(self.doing[-1])

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        lines = {
            path: {str(line): by for line, by in data.contexts_by_lineno(path).items()}
            for path in data.measured_files()
        }
        found = {"lines": lines, "seconds": self.seconds, "needs": self.needs}
        self.told.write_text(json.dumps(found), "utf-8")


class Chosen:
    """Of the tests that pytest collects, runs those that are named, in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.place = {name: place for place, name in enumerate(names)}

    def pytest_collection(self) -> None:
        # a failure is enough: a smaller example of it would take longer than the test
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("no shrinking", settings.default, phases=phases)
        settings.load_profile("no shrinking")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )


class Reach:
    """What ``Watch`` wrote down."""

    def __init__(self, told: Path) -> None:
        found = json.loads(told.read_text("utf-8"))
        self.lines: dict[str, dict[str, list[str]]] = found["lines"]
        self.seconds: dict[str, float] = found["seconds"]
        self.needs: dict[str, list[str]] = found["needs"]

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that execute the mutant's statement, the quickest first, then others that execute its module.

        The others, because what is kept between calls is executed by the first test that needs it. Where no test
        executes the module after it was imported, all tests.
        """
        lines = self.lines.get(str(mutant.path), {})
        here = {by for line in statement(mutant.path, mutant.line) for by in lines.get(str(line), [])}
        module = {by for contexts in lines.values() for by in contexts} - {""}
        near, far = self._quickest(here), self._quickest(module) or self._quickest(set(self.needs))
        return list(dict.fromkeys([*near, *far]))

    def _quickest(self, doing: set[str]) -> list[str]:
        return sorted(
            (
                test
                for test, needs in self.needs.items()
                if test in doing or any(f"fixture {name}" in doing for name in needs)
            ),
            key=lambda test: self.seconds_of([test]),
        )

    def seconds_of(self, tests: Sequence[str]) -> float:
        """How long these tests take in one process, with all fixtures that they share."""
        fixtures = {f"fixture {name}" for test in tests for name in self.needs[test]}
        return sum(self.seconds.get(name, 0.0) for name in [*tests, *fixtures])
