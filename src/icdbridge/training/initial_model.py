"""The model before its first step, and the tokenizer it reads by."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

import icdbridge
from icdbridge.caches import cached_folder
from icdbridge.codes import parse_key
from icdbridge.errors import InputError
from icdbridge.lexical.features import LEXICAL_FEATURES
from icdbridge.models import ARCHITECTURES, CodingModel, build_model, describe_model
from icdbridge.models.tensor_files import save_tensors
from icdbridge.progress import console
from icdbridge.runs.run import Run
from icdbridge.runs.scoring import pad
from icdbridge.text import Tokenizer
from icdbridge.text.vectors import train_vectors
from icdbridge.training.learnt_corpora import LearntCorpora
from icdbridge.training.pretrained import load_pretrained, small_transformer
from icdbridge.training.settings import Settings

_NETWORKS = "combiner.networks."  # of lexical features, one a version, in the names of weights
_MEASURED = ("combiner.scale", "combiner.weights")  # by each training


class SplitTexts:
    """The texts of training notes, one after another, as often as asked."""

    def __init__(self, learnt: LearntCorpora) -> None:
        whole = [(corpus, None) for corpus in learnt.train_only]
        self._sources = [*((corpus, "train") for corpus in learnt.corpora), *whole]
        self.checksums = [[corpus.checksum, split] for corpus, split in self._sources]
        self.cache = learnt.corpora[0].cache

    def __iter__(self) -> Iterator[str]:
        for corpus, split in self._sources:
            yield from corpus.column("text", split)


def start_model(
    texts: SplitTexts, described: Mapping[str, str], versions: Sequence[str], settings: Settings, work: Path
) -> tuple[CodingModel, Tokenizer]:
    """A model of ``versions`` for the codes ``described`` (key to description), with word vectors of the training
    notes, or over a pretrained encoder. What takes long is kept in the folder ``work``, and found there on resuming.
    """
    if settings.start_from is not None:
        return _start_from(settings.start_from, texts, described, versions, settings, work)
    kind, kind_settings = ARCHITECTURES[settings.architecture]
    sizes = settings.model_dump()
    weights: Mapping[str, torch.Tensor] = {}
    transformer = any(field.name == "transformer" for field in fields(kind_settings))
    pretrained = transformer and settings.pretrained != "small"
    if pretrained:
        tokenizer, sizes["transformer"], weights = load_pretrained(
            settings.pretrained, settings.segment, settings.reading
        )
    else:
        tokenizer, vectors = _vocabulary(texts, described.values(), settings, work)
        weights = {"embedding.weight": torch.from_numpy(vectors)}
        if transformer:
            weights = {"embeddings.word_embeddings.weight": weights["embedding.weight"]}
            sizes["transformer"] = small_transformer(vectors.shape, settings.layers, settings.segment)
    sizes["vocabulary"] = tokenizer.size
    sizes |= {
        "features": len(LEXICAL_FEATURES) if settings.lexical != "none" else 0,
        "versions": len(versions),
    }
    relations = code_relations(list(described)) if kind.fixed_labels else np.zeros((0, 0), np.uint8)
    sizes |= {"labels": relations.shape[0], "categories": relations.shape[1]}
    model = build_model(settings.architecture, sizes)
    if kind.fixed_labels:
        words = pad(tokenizer.encode_many(described.values(), settings.max_code_words))
        model.describe_outputs(torch.from_numpy(relations), *words)
    encoder = model.get_submodule("encoder.transformer") if transformer else model
    encoder.load_state_dict(weights, strict=pretrained)
    return model, tokenizer


def _start_from(
    path: Path,
    texts: SplitTexts,
    described: Mapping[str, str],
    versions: Sequence[str],
    settings: Settings,
    work: Path,
) -> tuple[CodingModel, Tokenizer]:
    """The weights and words of an earlier run, such as an imported checkpoint; padding is masked all the same. Words
    that the run does not know join it. A version that it knows keeps its network of lexical features.

    Raises ``InputError`` where the run is of another architecture or size than ``settings`` say.
    """
    run = Run.open(path)
    sizes = describe_model(run.model)
    wanted = settings.model_dump()
    differing = [
        f"{name} is {sizes[name]} there and {wanted[name]} here"
        for name in sizes
        if name in wanted and sizes[name] != wanted[name]
    ]
    if differing:
        raise InputError(f"training of duallaat cannot start from {path}: {'; '.join(differing)}")
    if sizes["features"] and settings.lexical == "none":
        raise InputError(f"{path} reads lexical features: set lexical=names, associations or equivalents")
    tokenizer, vectors = _vocabulary(texts, described.values(), settings, work, run)
    sizes |= {"padded_words": 0, "features": len(LEXICAL_FEATURES) if settings.lexical != "none" else 0}
    sizes |= {"vocabulary": tokenizer.size, "versions": len(versions)}
    model = build_model(settings.architecture, sizes)
    kept = {}
    for name, tensor in run.model.state_dict().items():
        if name.startswith(_NETWORKS):
            number, _, rest = name.removeprefix(_NETWORKS).partition(".")
            version = run.versions[int(number)]
            if version in versions:
                kept[f"{_NETWORKS}{versions.index(version)}.{rest}"] = tensor
        elif name in model.state_dict() and name not in _MEASURED:
            kept[name] = tensor
    kept["embedding.weight"] = torch.from_numpy(vectors)
    model.load_state_dict(kept, strict=False)  # a combiner of lexical features may be new
    return model, tokenizer


def _vocabulary(
    texts: SplitTexts, descriptions: Iterable[str], settings: Settings, work: Path, start: Run | None = None
) -> tuple[Tokenizer, np.ndarray]:
    """The tokenizer of whole words and their vectors [size, E], from the first corpus's cache if made before. Those of
    the run ``start`` stay as they are.
    """
    known: dict[str, np.ndarray] = {}
    special = np.zeros((0, settings.embedding_dim), np.float32)
    if start is not None:
        embedded = start.model.get_parameter("embedding.weight").detach().numpy()
        special, words = embedded[:2], start.tokenizer.words[2:]
        known = dict(zip(words, embedded[2:], strict=True))
    made_with = {
        "dimensions": settings.embedding_dim,
        "epochs": settings.vector_epochs,
        "min_notes": settings.min_word_notes,
        "seed": settings.seed,
        "workers": settings.vector_workers,
    }
    described = list(descriptions) if settings.describing_words else []
    weights = hashlib.sha256(b"".join(vector.tobytes() for vector in known.values())).hexdigest()
    made_of = json.dumps(
        [icdbridge.__version__, texts.checksums, described, made_with, settings.reading, list(known), weights]
    )

    def fill(folder: Path) -> None:
        console.print("reading the training notes for the vocabulary and word vectors")
        words, vectors = train_vectors(
            texts, described, **made_with, known=known, reading=settings.reading, folder=folder
        )
        Tokenizer.from_words(words, settings.reading).save(folder / "tokenizer.json")
        vectors[: len(special)] = special
        save_tensors(folder / "vectors.safetensors", {"vectors": vectors})

    key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    folder = cached_folder((texts.cache or work) / f"vectors-{key}", "tokenizer.json", fill)
    return Tokenizer.load(folder / "tokenizer.json"), load_file(folder / "vectors.safetensors")["vectors"]


def code_relations(keys: Sequence[str]) -> np.ndarray:
    """How near each code is to each category of the codes, uint8 [codes, categories]: 0 to 2 leading characters
    shared (0 across code systems), 3: its own category.
    """
    codes = [parse_key(key) for key in keys]
    of_code = [code.category for code in codes]
    categories = sorted(set(of_code))
    relations = np.zeros((len(codes), len(categories)), np.uint8)
    for length in (1, 2, None):  # None: the whole category, which has three or four characters
        names: dict[tuple[str, str], int] = {}
        numbers = [
            np.array([names.setdefault((system, text[:length]), len(names)) for system, text in group])
            for group in (of_code, categories)
        ]
        relations += numbers[0][:, None] == numbers[1][None]
    return relations
