"""Makes a corpus with a share of its training notes, to measure what the others add."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from icdbridge.corpora.corpus import CODES_SCHEMA, CORPUS, NOTES_SCHEMA, ROW_GROUP, Corpus
from icdbridge.errors import InputError
from icdbridge.files import atomic_folder, write_json, write_manifest

SEED = 9


def take_share(corpus: Corpus, share: float, out: Path) -> Corpus:
    """Writes the corpus with a random ``share`` of its training notes; val and test notes, codes and scopes stay.

    The same corpus gives the same notes, and a smaller share a part of a larger one. Raises ``InputError`` for a share
    that leaves no note.
    """
    total = corpus.count("train")
    kept = round(share * total)
    if not 0 < kept <= total:
        raise InputError(
            f"a share of {share} of {total} training notes of {corpus.name} leaves {kept}: give 0 to 1"
        )
    chosen = np.zeros(total, dtype=bool)
    chosen[np.random.default_rng(SEED).permutation(total)[:kept]] = True
    row_of = {code: row for row, code in enumerate(corpus.codes)}
    train_notes = np.zeros(len(corpus.codes), dtype=np.int64)
    seen = 0
    with atomic_folder(out, CORPUS, [corpus.path]) as folder:
        with pq.ParquetWriter(folder / "notes.parquet", NOTES_SCHEMA, compression="zstd") as writer:
            for batch in corpus.notes(None, tuple(NOTES_SCHEMA.names)):
                of_train = np.array(batch.column("split").to_pylist()) == "train"
                keep = ~of_train
                keep[of_train] = chosen[seen : seen + of_train.sum()]
                seen += int(of_train.sum())
                table = pa.Table.from_batches([batch]).filter(pa.array(keep)).cast(NOTES_SCHEMA)
                for split, codes in zip(table["split"].to_pylist(), table["codes"].to_pylist(), strict=True):
                    if split == "train":
                        train_notes[[row_of[code] for code in codes]] += 1
                writer.write_table(table, row_group_size=ROW_GROUP)
        codes = pq.read_table(corpus.path / "codes.parquet")
        place = codes.column_names.index("train_notes")
        pq.write_table(
            codes.set_column(place, "train_notes", pa.array(train_notes)).cast(CODES_SCHEMA),
            folder / "codes.parquet",
        )
        counts = corpus.meta["notes"]
        notes = counts | {"train": kept, "total": counts["total"] - total + kept}
        write_json(folder / "corpus.json", corpus.meta | {"notes": notes, "share_of_training_notes": share})
        write_manifest(folder, ["notes.parquet", "codes.parquet", "corpus.json"])
    return Corpus.open(out)
