"""The texts of a source's notes on disk, in their order: too many for memory, and too long for a database."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

_SCHEMA = pa.schema([("text", pa.string())])


class Texts:
    """An Arrow file of texts, written to its end before it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = pa.ipc.new_file(str(path), _SCHEMA)

    def append(self, texts: pa.ChunkedArray) -> None:
        self._writer.write_table(pa.table([texts.cast(pa.string())], schema=_SCHEMA))

    def finish(self) -> None:
        self._writer.close()

    def batches(self) -> Iterator[tuple[int, pa.Array]]:
        """The texts in the batches in which they came, each with the number of its first."""
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            start = 0
            for number in range(reader.num_record_batches):
                texts = reader.get_batch(number).column(0)
                yield start, texts
                start += len(texts)

    def joined(self, parts: Mapping[int, int]) -> Iterator[tuple[int, pa.Array]]:
        """As ``batches``; ``parts`` (number of a text -> that of an earlier one) go to the end of the earlier one."""
        later: dict[int, list[str]] = {}
        if parts:
            for start, texts in self.batches():
                for row in range(start, start + len(texts)):
                    if row in parts and (text := texts[row - start].as_py()) is not None:
                        later.setdefault(parts[row], []).append(text)
        for start, texts in self.batches():
            rows = [row for row in range(start, start + len(texts)) if row in later]
            if rows:
                mask = np.zeros(len(texts), bool)
                mask[np.array(rows) - start] = True
                firsts = texts.filter(pa.array(mask)).to_pylist()
                whole = [" ".join([text or "", *later[row]]) for text, row in zip(firsts, rows, strict=True)]
                texts = pc.replace_with_mask(texts, pa.array(mask), pa.array(whole, pa.string()))
            yield start, texts
