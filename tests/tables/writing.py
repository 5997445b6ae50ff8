"""Tables in every format, for tests."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FORMATS = (
    ".csv",
    ".tsv",
    ".csv.gz",
    ".csv.zst",
    ".jsonl",
    ".json",
    ".jsonl.gz",
    ".parquet",
    ".feather",
    ".xlsx",
)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], **options: Any) -> Path:
    """Writes rows in the format of the ending; ``options`` are those of ``csv.writer``."""
    name = path.name
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    if ".jsonl" in name:
        data = "".join(json.dumps(row) + "\n" for row in objects).encode()
    elif name.endswith(".json"):
        data = json.dumps(objects, indent=1).encode()
    elif name.endswith(".parquet"):
        pq.write_table(pa.table({key: [row[key] for row in objects] for key in header}), path)
        return path
    elif name.endswith(".feather"):
        pa.feather.write_feather(pa.table({key: [row[key] for row in objects] for key in header}), path)
        return path
    elif name.endswith(".xlsx"):
        return write_xlsx(path, {"Sheet1": [list(header), *map(list, rows)]})
    else:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if ".tsv" in name else ",", **options).writerows([header, *rows])
        data = text.getvalue().encode()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    elif name.endswith(".zst"):
        data = pa.compress(data, codec="zstd", asbytes=True)
    path.write_bytes(data)
    return path


def write_xlsx(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> Path:
    """Writes a workbook with texts, numbers, booleans and empty cells (None)."""
    names = list(sheets)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            "</Types>",
        )
        book.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        listed = "".join(
            f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"{_state(name in hidden)}/>'
            for i, name in enumerate(names, start=1)
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            _relations([("worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(names) + 1)]),
        )
        for i, rows in enumerate(sheets.values(), start=1):
            body = "".join(
                f'<row r="{number}">{"".join(map(_cell, row))}</row>'
                for number, row in enumerate(rows, start=1)
            )
            book.writestr(
                f"xl/worksheets/sheet{i}.xml",
                f'<worksheet xmlns="{SPREADSHEET}"><sheetData>{body}</sheetData></worksheet>',
            )
    return path


def _state(hidden: bool) -> str:
    return ' state="hidden"' if hidden else ""


def _relations(targets: list[tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="r{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
