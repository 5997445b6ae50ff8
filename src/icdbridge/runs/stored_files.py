"""Checks the files of a run folder, which may come from a stranger with a manifest that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from icdbridge.codes import parse_key
from icdbridge.errors import InputError
from icdbridge.files import read_json
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.schema import Count, Name, Sha256, Share, Strict, checked

FORMAT = 2  # of config.json; 1 did not name the lexical features, and is read where there are none
ROWS, BYTES = 20_000_000, 4 * 2**30  # of a table in a run folder

Text = Annotated[str, Field(max_length=10_000)]
Words = Annotated[int, Field(ge=1, le=100_000)]


def _small(value: Any) -> Any:
    """Training settings are only shown, not used: plain values."""
    if isinstance(value, str | int | float | bool | None) and (
        not isinstance(value, str) or len(value) < 10_000
    ):
        return value
    raise ValueError("a plain value is expected")


class ReadSettings(BaseModel):
    """What a run uses of the settings that it was trained with. The others depend on the version of icdbridge."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, Annotated[Any, AfterValidator(_small)]]

    max_note_words: Words
    max_code_words: Words
    training_scope: Literal["full", "frequent"] = "full"


class _CorpusUsed(Strict):
    name: Name
    version: Name
    source: Text | None
    role: Literal["train", "train only"]
    notes: Count
    sha256: Sha256


class _Config(Strict):
    format: Literal[1, 2]
    model: dict[Name, Any]  # models.build_model knows its sizes
    settings: ReadSettings
    corpora: list[_CorpusUsed]
    threshold: Share
    parameters: Count
    synthetic: bool
    created: Text
    made_with: dict[Name, Text]
    tokenizer: Sha256 | None = None  # of tokenizer.json; runs from before it was kept have none
    validate_on: Name | None = None
    lexical_features: list[Name] | None = None  # in the order in which the model reads them
    best_epoch: Annotated[float, Field(ge=0)] | None = None
    imported: dict[Name, Sha256] | None = None
    threshold_source: Text | None = None


def read_config(path: Path) -> dict[str, Any]:
    """config.json as it stands there, checked."""
    config = read_json(path)
    if not isinstance(config, dict) or config.get("format") not in (1, FORMAT):
        raise InputError(f"{path}, field format: {FORMAT} is expected: train again")
    checked(config, _Config, path, "train again")
    return config


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A Parquet file of just these columns; ``InputError`` for any other, and for one that would fill the memory."""
    try:
        file = pq.ParquetFile(path)
        groups = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
        if file.metadata.num_rows > ROWS or sum(groups) > BYTES:
            raise InputError(f"{path} has {file.metadata.num_rows:,} rows of {sum(groups):,} bytes: too many")
        if file.schema_arrow.names != schema.names:
            raise InputError(f"{path}: the columns {', '.join(schema.names)} are expected")
        return file.read().cast(schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path} is no table of {', '.join(schema.names)}, or a damaged one") from error


@dataclass(frozen=True)
class CodeIndex:
    """The codes a run can be asked for: parallel lists of key, version, description, number of training notes.

    ``train_notes`` is None for all codes of an imported run: its checkpoint does not say.
    """

    code: list[str]
    version: list[str]
    description: list[str]
    train_notes: Sequence[int | None]

    def of_version(self, version: str) -> Mapping[str, str]:
        """The codes of one version: key to description."""
        return self._by_version.get(version, {})

    @cached_property
    def _by_version(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for key, description, version in zip(self.code, self.description, self.version, strict=True):
            found.setdefault(version, {})[key] = description
        return found


_TEXTS = ("code", "version", "description")
_INDEX = pa.schema([*((name, pa.string()) for name in _TEXTS), ("train_notes", pa.int64())])


def read_index(path: Path) -> CodeIndex:
    """codes.parquet, checked."""
    index = CodeIndex(**read_table(path, _INDEX).to_pydict())
    seen: set[str] = set()
    columns = (index.code, index.version, index.description, index.train_notes)
    for row, (key, version, description, notes) in enumerate(zip(*columns, strict=True), 1):
        if key is None or not version or description is None or (notes is not None and notes < 0):
            raise InputError(
                f"{path}, row {row}: a code, its version, its description and a count are expected"
            )
        if (notes is None) != (index.train_notes[0] is None):
            raise InputError(f"{path}, row {row}: train_notes is given for some of the codes only")
        if key in seen:
            raise InputError(f"{path}, row {row}: the code {key!a} is there already")
        seen.add(key)
        check_key(path, row, key)
    if not seen:
        raise InputError(f"{path} has no code")
    return index


def check_key(path: Path, row: int, key: str) -> None:
    """Raises ``InputError`` for what is no key of a code."""
    try:
        parse_key(key)
    except (InputError, ValueError) as error:
        raise InputError(f"{path}, row {row}: {ascii(key)[:100]} is no key of a code") from error


def check_sizes(path: Path, model: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raises ``InputError`` where config.json gives a model what it does not take."""
    for name in sorted(model.keys() - {"architecture", *known}):
        raise InputError(f"{path}, field model.{ascii(name)[1:-1]}: this architecture has no such size")


def check_features(path: Path, config: Mapping[str, Any], count: int) -> None:
    """Raises ``InputError`` where a model of ``count`` lexical features does not read those of this version, in their
    order: by number they would be misread.
    """
    stored = config.get("lexical_features")
    if stored is None:  # of format 1
        raise InputError(f"{path} does not name the lexical features that the model reads: train again")
    for place, name in enumerate(LEXICAL_FEATURES):
        if stored[place : place + 1] != [name]:
            raise InputError(
                f"{path}, field lexical_features: {name} is expected as number {place + 1}: train again"
            )
    if len(stored) != count:
        raise InputError(
            f"{path}, field lexical_features: {count} are expected, as the model reads: train again"
        )
