"""The Computational Medicine Center 2007 challenge: radiology reports with ICD-9-CM codes.

Read either in the original XML (``<docs><doc id=...><codes>..</codes><texts>..</texts></doc></docs>``) or flattened to
JSON lines (``id``, ``text``, ``codes``). The codes are those of the majority of the three coding companies.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from icdbridge.corpora.assemble import DEFAULT_SEED, assemble
from icdbridge.corpora.corpus import Corpus
from icdbridge.corpora.staging import Staging
from icdbridge.errors import InputError
from icdbridge.tables import Column, read_rows

LARGEST_XML = 64 * 1024 * 1024  # bytes; the challenge's files have 1 to 2 MB


def prepare_cmc2007(
    root: Path | str,
    out: Path | str,
    *,
    splits: Path | None = None,
    seed: int = DEFAULT_SEED,
    force: bool = False,
) -> Corpus:
    """Makes a corpus of the XML or JSON lines in ``root`` (a folder or the file). Raises ``InputError``."""
    files = _find(Path(root))

    def read(staging: Staging) -> None:
        for file in files:
            staging.note_file(file)
            docs = list(_xml_docs(file) if file.suffix.lower() == ".xml" else _json_docs(file))
            staging.add_rows("raw_notes", docs)
            codes = (
                {"id": doc["id"], "system": "icd9cm", "code": code} for doc in docs for code in doc["codes"]
            )
            staging.add_rows("raw_codes", codes)

    return assemble(
        out, read, inputs=[root], source="cmc2007", version="icd9", splits=splits, seed=seed, force=force
    )


def _find(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError(f"{root} is missing: give the folder of the CMC 2007 challenge as --root")
    found = {ending: sorted(root.glob(f"*{ending}")) for ending in (".xml", ".jsonl")}
    if found[".xml"] and found[".jsonl"]:
        raise InputError(f"{root} holds the challenge both as XML and as JSON lines: name one file as --root")
    files = found[".xml"] or found[".jsonl"]
    if not files:
        raise InputError(
            f"{root} holds neither .xml nor .jsonl: expected the files of the CMC 2007 challenge"
        )
    return files


def _json_docs(path: Path) -> Iterator[dict[str, Any]]:
    for row in read_rows(path, [Column("id"), Column("text"), Column("codes")]):
        yield {"id": row.identifier("id"), "text": row.text("text"), "codes": row.codes("codes")}


def _xml_docs(path: Path) -> Iterator[dict[str, Any]]:
    if path.stat().st_size > LARGEST_XML:
        raise InputError(f"{path} is larger than {LARGEST_XML // 1024**2} MB: not a file of the challenge")
    _refuse_doctype(path)
    for doc in ElementTree.parse(path).getroot().iter("doc"):
        texts = [
            f"{(text.get('type') or '').replace('_', ' ')}: {' '.join(''.join(text.itertext()).split())}"
            for text in doc.iter("text")
        ]
        codes = [
            "".join(code.itertext())
            for code in doc.iter("code")
            if code.get("origin") == "CMC_MAJORITY" and code.get("type") == "ICD-9-CM"
        ]
        yield {"id": doc.get("id"), "text": "\n".join(texts), "codes": codes}


def _refuse_doctype(path: Path) -> None:
    """Entities can blow up memory or read other files; they need a DOCTYPE, which the challenge lacks."""

    def refuse(*_: object) -> None:
        raise InputError(f"{path} has a DOCTYPE, which the files of the challenge do not have: remove it")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        with path.open("rb") as handle:
            parser.ParseFile(handle)
    except expat.ExpatError as error:
        raise InputError(f"{path}, line {error.lineno}: not valid XML: the file is damaged") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
