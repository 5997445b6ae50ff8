"""A folder that is watched: files that are put there are taken into the store and moved away."""

import threading
from collections.abc import Callable
from pathlib import Path

from icdbridge.documents.apart import read_apart
from icdbridge.errors import InputError
from icdbridge.server.limits import DOCUMENT_BYTES
from icdbridge.server.observing import logger, places
from icdbridge.server.store import Store, StoreUnreachable
from icdbridge.server.store.intake import take_in
from icdbridge.tables import is_table

LOOK_SECONDS = 5.0
TAKEN, REFUSED = "taken", "refused"
_UNFINISHED = (".part", ".tmp", ".partial", ".filepart", ".crdownload")


class FolderWatch:
    """A thread that looks into a folder. A file is read once its size and time have stayed the same for one look.

    It is moved to ``taken/`` after all of it is in the store; a file of which something was refused to ``refused/``,
    with the reasons beside it. A file that comes again adds nothing that is there already, so a crash in between
    does no harm. Raises ``InputError`` for a folder that cannot be written.
    """

    def __init__(
        self, folder: Path, store: Store, fault_of: Callable[[str], str | None], wake: Callable[[], None]
    ) -> None:
        self._folder, self._store, self._fault_of, self._wake = folder, store, fault_of, wake
        try:
            for name in (TAKEN, REFUSED):
                (folder / name).mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot watch {folder}: {error.strerror or error}") from error
        self._seen: dict[Path, tuple[int, float]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="folder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except StoreUnreachable:
                logger.warning("the store does not answer: files wait in their folder")
            except Exception as error:  # it is looked into again; names and messages may say who a patient is
                logger.error("a file was not taken in: %s at %s", type(error).__name__, places(error))
            self._stopping.wait(LOOK_SECONDS)

    def look(self) -> int:
        """Takes in what is there and has not changed since the last look; gives how many files."""
        here = {}
        for path in sorted(self._folder.iterdir()):
            if path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in _UNFINISHED:
                stat = path.stat()
                here[path] = (stat.st_size, stat.st_mtime)
        ready = [path for path, seen in here.items() if self._seen.get(path) == seen]
        self._seen = here
        for path in ready:
            self._take(path)
            del self._seen[path]
        return len(ready)

    def _take(self, path: Path) -> None:
        try:
            if path.stat().st_size > DOCUMENT_BYTES:
                raise InputError(f"it has more than {DOCUMENT_BYTES:,} bytes")
            documents = read_apart(path.read_bytes(), path.suffix.lower() if is_table(path) else "")
        except InputError as error:
            self._move(path, [str(error)])
            return
        with self._store.writing() as session:
            taken = take_in(session, "folder", documents, path.stem, self._fault_of)
        self._move(path, [f"{name}: {why}" for name, why in taken.refused])
        logger.info("a file was taken in: %d documents", sum(map(len, taken.encounters.values())))
        self._wake()

    def _move(self, path: Path, reasons: list[str]) -> None:
        folder = self._folder / (REFUSED if reasons else TAKEN)
        place, number = folder / path.name, 1
        while place.exists():
            number += 1
            place = folder / f"{path.stem}-{number}{path.suffix}"
        if reasons:
            place.with_name(f"{place.name}.why.txt").write_text("\n".join(reasons) + "\n", "utf-8")
            logger.warning("a file was refused: the folder %s says why", REFUSED)
        path.rename(place)
