"""Scores notes against a set of codes: the one place where notes are scored."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import logit
from torch import Tensor

from icdbridge.codes import Code, parse_key, version_of
from icdbridge.corpora import Corpus
from icdbridge.errors import InputError
from icdbridge.lexical.matcher import Matcher
from icdbridge.lexical.note import NoteWords
from icdbridge.models import NoteStates
from icdbridge.progress import track
from icdbridge.runs.candidate_search import CandidateCounts, Proposer
from icdbridge.runs.note_scores import Note, Reading, Scores
from icdbridge.runs.prior import Prior, PriorEvidence
from icdbridge.runs.scored import on_disk
from icdbridge.runs.scoring import encoded_batches, one_of, read_notes, score_states
from icdbridge.runs.text_model import TextModel
from icdbridge.runs.tokens import tokenize_split

MARGIN = 0.05  # logits: bf16 moves one by less (docs/performance.md)
WINDOW = 2_048  # notes of a split whose texts are in memory at once


class Scorer:
    """A model with a set of ``codes`` (key to description; the columns of all scores, in this order).

    It computes each part at first use and keeps it: encoded codes, the matcher, thresholds, the candidate search.
    ``version`` is that of the codes; None for a caller's own. Of these, perhaps 150,000, a candidate search encodes
    only the proposed ones, each once.
    """

    def __init__(self, model: TextModel, codes: Mapping[str, str], version: str | None = None) -> None:
        self.model = model
        self.version = version
        self.keys, self.descriptions = list(codes), list(codes.values())
        self._encoded: dict[int, Tensor] = {}  # codes of a caller: candidates recur from note to note
        self._codes: dict[int, Code] = {}  # reading their keys takes a tenth of the time of a note

    @classmethod
    def of_corpus(cls, model: TextModel, corpus: Corpus) -> "Scorer":
        """For all codes of a corpus; for its frequent ones where the model can score no other."""
        codes = dict(zip(corpus.codes, corpus.descriptions, strict=True))
        if model.frequent_only:
            codes = dict(islice(codes.items(), corpus.n_frequent))
        return cls(model, codes, corpus.version)

    @cached_property
    def queries(self) -> Tensor:
        """The codes as the model reads them [M, L, ...]."""
        return self.model.queries(self.keys, self.descriptions)

    @cached_property
    def column_of(self) -> dict[str, int]:
        """The column of each key."""
        return {key: column for column, key in enumerate(self.keys)}

    def code(self, column: int) -> Code:
        """The code of a column."""
        if column not in self._codes:
            self._codes[column] = parse_key(self.keys[column])
        return self._codes[column]

    @cached_property
    def matcher(self) -> Matcher | None:
        """Finds lexical evidence for the codes; None for a model that reads none. Raises ``InputError`` for codes of
        several versions, as each version has its own lexical evidence.
        """
        versions = set(self._versions)
        if self.model.lexicons and len(versions) > 1:
            raise InputError(
                f"the codes to choose from are of several versions: {', '.join(sorted(versions))}"
            )
        return self.model.matcher(min(versions), self.keys, self.descriptions)

    @cached_property
    def prior(self) -> tuple[Prior, PriorEvidence] | None:
        """The prior of the codes and its features of them; None for a model without."""
        prior = None if self.matcher is None else self.model.prior(min(self._versions))
        return None if prior is None else (prior, PriorEvidence(self.keys, self.descriptions))

    @cached_property
    def thresholds(self) -> np.ndarray:
        """The probability above which each code is predicted [L]."""
        found = np.empty(len(self.keys))
        versions = np.array(self._versions)
        for version in dict.fromkeys(self._versions):
            columns = np.flatnonzero(versions == version)
            found[columns] = self.model.thresholds(version, [self.keys[column] for column in columns])
        return found

    @cached_property
    def _versions(self) -> list[str]:
        if self.version is not None:
            return [self.version] * len(self.keys)
        return [version_of(parse_key(key).system) for key in self.keys]

    @cached_property
    def proposer(self) -> Proposer:
        """The first stage of the candidate search over the codes."""
        stands_for = self.model.stands_for
        return Proposer(self.model.candidates, self.keys, self.descriptions, stands_for)

    @cached_property
    def counts(self) -> CandidateCounts | None:
        """How many candidates a note has; None where the search would lose too many codes, so that all are scored."""
        learned = [self.model.stands_for.get(key, key) for key in self.keys]
        return self.model.candidates.counts_for(learned, self.version)

    def propose(self, words: NoteWords, ids: np.ndarray) -> np.ndarray:
        """The columns of a note's candidates, ascending; ``ids`` are those of its words to the model."""
        return (
            np.arange(len(self.keys))
            if self.counts is None
            else self.proposer.propose(words, ids, self.counts)
        )

    def queries_of(self, columns: np.ndarray) -> Tensor:
        """The encoded codes of some columns [M, l, ...]."""
        if self.version is not None or "queries" in vars(self) or self.model.model.padded_words:
            return self.queries[:, torch.from_numpy(columns).to(self.queries.device)]
        wanted = columns.tolist()
        if new := [column for column in wanted if column not in self._encoded]:
            found = self.model.queries(*([of[i] for i in new] for of in (self.keys, self.descriptions)))
            self._encoded.update(zip(new, found.transpose(0, 1).contiguous(), strict=True))
        return torch.stack([self._encoded[column] for column in wanted], dim=1)

    def read(self, text: str) -> Note:
        """A note to score."""
        return Note(text, self.model.tokenizer.encode(text, self.model.max_note_words).ids)

    @torch.inference_mode()
    def reading(self, note: Note) -> Reading:
        """The input of evidence, for a note that is not scored."""
        network = self.model.model
        device = next(network.parameters()).device
        states = read_notes(network, [note.ids], self.model.precision, device)
        return self._read_words(self.words(note.text), one_of(states, 0))

    def _read_words(self, words: NoteWords, states: NoteStates) -> Reading:
        if self.matcher is None:
            return Reading(states, None)
        english = self.matcher.in_english(words)
        said = [] if self.prior is None else self.prior[1].opinions(words, english)
        return Reading(states, self.matcher.match(words, english), said)

    def words(self, text: str) -> NoteWords:
        """The words of a note in which names and phrases are looked for."""
        return NoteWords(text, self.model.max_note_words)

    @torch.inference_mode()
    def score(self, notes: Sequence[Note], *, candidates: bool = False) -> Iterator[Scores]:
        """Scores notes, those of similar length together, the longest first.

        With ``candidates`` only the codes that the candidate search proposes for each note, possibly none; all where it
        would lose too many (``counts``). Results do not depend on batches of notes or chunks of codes. Raises
        ``InputError`` as ``matcher`` does, and for ``candidates`` without a candidate search.
        """
        candidates = candidates and self.counts is not None
        network, precision = self.model.model, self.model.precision
        everything = np.arange(len(self.keys))
        for rows, states in encoded_batches(network, [note.ids for note in notes], precision):
            # with a prior, attention reads the few codes of a note that it can decide about
            together = None
            if not candidates and self.prior is None:
                together = score_states(network, states, self.queries, precision)
            for place, row in enumerate(rows):
                note, alone = notes[row], one_of(states, place)
                words = self.words(note.text)
                columns = self.propose(words, note.ids) if candidates else everything
                if len(columns):
                    queries = self.queries_of(columns) if candidates else self.queries
                    attention = None if together is None else together[place]
                    yield self._decide(int(row), note, words, columns, queries, alone, attention)
                else:
                    nothing = states.states.new_zeros(0)
                    yield Scores(int(row), columns, nothing, nothing, None, Reading(alone, None))

    def _decide(
        self,
        row: int,
        note: Note,
        words: NoteWords,
        columns: np.ndarray,
        queries: Tensor,
        states: NoteStates,
        attention: Tensor | None,
    ) -> Scores:
        """The final logits: those of ``attention`` (computed from the note's ``states`` if not given), combined with
        everything else that speaks for or against codes.

        With a prior, attention counts 0 for a code that training never saw and that is not on the note's shortlist, and
        for all codes if stacking gave it no weight.
        """
        lexical, reading = None, self._read_words(words, states)
        heard = np.ones(len(columns), bool)
        if self.matcher is not None:
            lexical, listed = self._lexical_logits(reading, columns)
            if self.prior is not None:
                heard = listed | (self.matcher.notes[columns, 0] > 0)
                heard &= self.model.model.attends(self.matcher.version)
        if attention is None:
            places = torch.from_numpy(np.flatnonzero(heard)).to(queries.device)
            attention = queries.new_zeros(len(columns), dtype=torch.float32)
            if len(places):
                asked = queries if heard.all() else queries[:, places]
                attention[places] = score_states(self.model.model, states, asked, self.model.precision)[0]
        logits = self._stack(attention, lexical)
        if self.model.precision != "fp32":
            logits = self._rescore_near_thresholds(note, columns, queries, heard, logits, lexical)
        return Scores(row, columns, logits, attention, lexical, reading)

    def _lexical_logits(self, reading: Reading, columns: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Lexical logits [l], and whether each column is on the note's shortlist: all without a prior."""
        assert self.matcher is not None
        assert reading.matches is not None
        features, which = self.matcher.distinct_features(reading.matches.features, columns)
        rows = torch.from_numpy(features[None]).to(next(self.model.model.parameters()).device)
        logits = self.model.model.lexical_logits(rows, self.matcher.version)[0][torch.from_numpy(which)]
        if self.prior is None:
            return logits, np.ones(len(columns), bool)
        (prior, evidence), lexical = self.prior, logits.cpu().numpy()
        found = self.matcher, reading.matches.features, reading.matches.marked, reading.said
        places, features = evidence.shortlist(*found, columns, lexical, (prior.floor, prior.seen_floor))
        listed = np.zeros(len(columns), bool)
        listed[places] = True
        return torch.from_numpy(prior.logits_of(lexical, places, features)).to(logits), listed

    def _stack(self, attention: Tensor, lexical: Tensor | None) -> Tensor:
        if lexical is None or self.matcher is None:
            return attention
        return self.model.model.stack(attention, lexical, self.matcher.version)

    def _rescore_near_thresholds(
        self,
        note: Note,
        columns: np.ndarray,
        queries: Tensor,
        heard: np.ndarray,
        logits: Tensor,
        lexical: Tensor | None,
    ) -> Tensor:
        """Scores codes within ``MARGIN`` of their threshold again in fp32, so that bf16 predicts what fp32 predicts."""
        cuts = torch.from_numpy(logit(self.thresholds[columns])).to(logits)
        near = ((logits - cuts).abs().lt(MARGIN) & torch.from_numpy(heard).to(logits.device)).nonzero()[:, 0]
        if not len(near):
            return logits
        states = read_notes(self.model.model, [note.ids], device=logits.device)
        attention = score_states(self.model.model, states, queries[:, near])[0]
        return logits.index_copy(0, near, self._stack(attention, None if lexical is None else lexical[near]))

    def score_split(
        self,
        corpus: Corpus,
        split: str,
        folder: Path,
        parts: Sequence[str] = ("logits",),
        most: int | None = None,
    ) -> tuple[list[str], Any, list[np.ndarray]]:
        """Scores the notes of a split, or ``most`` of them, evenly chosen.

        Returns their ids, labels by the codes [N, L], and the ``parts`` of ``Scores``, float32 [N, L], each a memory
        map in ``folder``.
        """
        model = self.model
        notes = tokenize_split(corpus, split, model.tokenizer, model.max_note_words, self.keys, folder)
        count = len(notes) if most is None else min(most, len(notes))
        chosen = np.unique(np.linspace(0, len(notes) - 1, count).astype(int)).tolist()
        shape = len(chosen), len(self.keys)
        found = [on_disk(folder / f"{corpus.name}-{split}.{part}", shape) for part in parts]
        texts: Iterator[str] = repeat("") if self.matcher is None else corpus.column("text", split)
        every = zip(range(len(notes)), texts, strict=False)
        wanted = set(chosen)
        read = (Note(text, notes[row]) for row, text in every if row in wanted)
        scored = (
            (first + scores.row, scores)
            for first in range(0, len(chosen), WINDOW)
            for scores in self.score(list(islice(read, WINDOW)))
        )
        for row, scores in track(scored, len(chosen), f"scoring {corpus.name} {split}"):
            for array, part in zip(found, parts, strict=True):
                array[row] = getattr(scores, part).cpu().numpy()
        return [notes.note_ids[row] for row in chosen], notes.labels[chosen], found
