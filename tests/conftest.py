"""Fixtures shared by all tests."""

import atexit
import gc
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is heavy is imported where it is used: the process that only hands out the tests begins seconds earlier.

# a busy machine is no fault of what is tested
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")


# Most tests make thousands of objects that live long (tables of codes): a twentieth of the time went into looking
# through them for garbage.
gc.set_threshold(50_000, 20, 20)

# Files that take long, the longest first: begun first, no worker is left alone with one at the end. The first one
# builds what others wait for (``indexes``), so the next ones are of those that do not.
LONG = [
    "knowledge/test_search.py",
    "training/test_train.py",
    "test_gpu_check.py",
    "training/test_matching.py",
    "training/test_distributed.py",
    "models/test_fixed_label.py",
    "training/test_combining.py",
    "runs/test_prior.py",
    "test_examples.py",
    "reproduction/test_reproduction.py",
    "server/test_desk_store.py",
    "coding/test_new_release.py",
    "server/test_connections.py",
    "server/test_desk.py",
    "starter/test_starter.py",
    "coding/test_coder.py",
    "cli/test_replacing.py",
    "server/test_starter.py",
    "server/test_index_being_made.py",
    "synthetic/test_dumps.py",
    "test_light.py",
    "cli/test_demo.py",
    "server/test_desk_work.py",
    "server/test_guards.py",
    "server/test_api.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    places = {tests / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


# A worker ends once all is done that was to be done at its end: Python would go through each of its millions of objects
# once more. A process by itself does so, or extension modules would report them as left over.
atexit.register(*((os._exit, 0) if "PYTEST_XDIST_WORKER" in os.environ else (gc.unfreeze,)))


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all workers of a session see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of real public data (CodiEsp, CMC 2007, ...), which is never part of the project."""
    folder = Path(os.environ.get("ICDBRIDGE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"needs the public data folder {folder} (set ICDBRIDGE_DATA)")
    return folder


ROOT = Path(__file__).parents[1]
# What builds the indexes of the search and of the starter: another byte of it, or of what it imports, builds them anew.
# Of the data that it reads the names of the indexes tell.
BUILDERS = ("knowledge.search.opening", "knowledge.search.index_building", "starter.knowledge_building")
WEEK = 7 * 24 * 3600  # seconds


@pytest.fixture(scope="session", autouse=True)
def shared_cache() -> None:
    """What is built of the code systems is built once, by one worker while others wait, and kept for later sessions as
    long as nothing changes that it is built with. ``rm -rf build/test-caches`` builds it anew.
    """
    if "XDG_CACHE_HOME" in os.environ:
        return
    from tests.imports import sources_of

    digest = hashlib.sha256(sys.version.encode() + (ROOT / "requirements-dev.txt").read_bytes())
    for file in sorted(sources_of(BUILDERS)):
        digest.update(file.name.encode() + file.read_bytes())
    caches = ROOT / "build" / "test-caches"
    own = caches / digest.hexdigest()[:16]
    own.mkdir(parents=True, exist_ok=True)
    os.utime(own)
    for other in caches.iterdir():  # those of sources long gone
        if time.time() - other.stat().st_mtime > WEEK:
            shutil.rmtree(other, ignore_errors=True)
    os.environ["XDG_CACHE_HOME"] = str(own)


@pytest.fixture(scope="session")
def indexes(shared_cache: None) -> None:
    """The index of the search and that of the starter, built by one process, which reads their tables once."""
    from icdbridge.caches import cache_folder
    from icdbridge.knowledge.search import search
    from icdbridge.starter import Starter

    search("fever", ["icd10cm"], 1)
    Starter("icd10cm", cache_folder())


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Gives the folder of a name, which ``make(folder)`` fills once a session: in one worker, while others wait."""

    from icdbridge.locks import locked

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared_folder(tmp_path_factory) / name
        with locked(folder, wait=True):
            if not (folder / "made").exists():
                shutil.rmtree(folder, ignore_errors=True)  # what another failed to make
                folder.mkdir()
                make(folder)
                (folder / "made").touch()
        return folder

    return folder_of


@pytest.fixture(scope="module", autouse=True)
def no_old_garbage() -> None:
    """What earlier files left over is found, as pytest reports what was not closed; the gigabytes of code tables that
    they leave are not walked again.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def learned(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Callable[[str], Path]:
    """The folder of a run that learned both versions, by the model: ``run``, and the corpora ``ten`` and ``nine``."""
    from tests.small import learn_both_versions

    return lambda model: made_once(f"learned-{model}", lambda folder: learn_both_versions(folder, model))


@pytest.fixture(scope="session", autouse=True)
def no_plots_of_corpora() -> Iterator[None]:
    """Hundreds of small corpora are made, and plots would take most of the time; ``plotted`` has them."""
    from icdbridge.corpora import data_report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_report, "spread_plots", lambda *arguments: "")
        yield


@pytest.fixture
def plotted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data report as it is, plots and all."""
    from icdbridge.corpora import data_plots, data_report

    monkeypatch.setattr(data_report, "spread_plots", data_plots.spread_plots)


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations without their HTML page: its plots take most of the time, and have tests of their own."""
    monkeypatch.setattr("icdbridge.evaluation.evaluate.write_report", lambda results, path: None)


@pytest.fixture(scope="session", autouse=True)
def one_command_line() -> Iterator[None]:
    """It is put together once, as in a process of its own, and not anew for each call."""
    import typer.main
    import typer.testing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """No test cuts the power: thousands of small files need not be on the disk before a test goes on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tests run side by side: threads of their own would only fight for the cores."""
    import torch

    torch.set_num_threads(1)
