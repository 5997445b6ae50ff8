"""CoRelation (Luo et al. 2024, "Boosting automatic ICD coding through contextualized code relation learning").

As in the paper: each code l attends to the note and gives m_l, what the note says of it; so does each category (major
code) g, m_g. A graph transformer on the bipartite graph of categories and codes makes m'_l of m_l and all m_g, whose
edges are typed by how far code and category stand apart in the code system. Two predictions, σ(w_l · m_l + b_l) of the
code alone and σ(w'_l · m'_l) with its relations, are mixed by a gate made of m_l and w_l; w, b and w' are linear in the
code's feature q_l.

Inferred, or simpler than in the paper and its public code: q_l is the maximum over the states of one description (the
paper encodes several synonyms), by the LSTM that reads the notes; a category's q_g is learned (there: its description);
distance is how many leading characters code and category share, with the own category apart (there: steps in the tree,
up to 10); one attention head in the graph; no R-drop and no penalty on the gate; every code of a batch takes part in
the graph (there, in training, the best 300).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from icdbridge.models.dropout import NoteDropout
from icdbridge.models.encoders import RecurrentEncoder
from icdbridge.models.fixed_label import FixedLabelModel, label_attention
from icdbridge.models.model import NoteStates
from icdbridge.models.sizes import Dropout, Extra, Few, Rows, Size

RELATIONS = 4  # 0 to 2 shared leading characters, 3: the own category


@dataclass(frozen=True)
class CoRelationSettings:
    """Sizes for ``labels`` codes of ``categories``: ``hidden_size`` a direction, ``shared_dim`` of keys and queries."""

    vocabulary: Rows
    labels: Rows
    categories: Rows
    embedding_dim: Size
    hidden_size: Size
    layers: Few
    shared_dim: Size
    dropout: Dropout
    max_code_words: Extra


class CoRelation(FixedLabelModel):
    """Label attention, a graph transformer over codes and categories, a gate between the two predictions.

    Queries are [1, L, d + 1]: the code's feature and its row number.
    """

    def __init__(self, settings: CoRelationSettings) -> None:
        nn.Module.__init__(self)  # no learned query and output for each code: both come from descriptions
        self.settings = settings
        self.embedding = nn.Embedding(settings.vocabulary, settings.embedding_dim, padding_idx=0)
        self.dropout = NoteDropout(settings.dropout)
        self.note_encoder = RecurrentEncoder(
            "lstm", settings.embedding_dim, settings.hidden_size, settings.layers, settings.dropout
        )
        size = self.size = self.note_encoder.size
        self.note_projection = nn.Linear(size, settings.shared_dim)
        self.query_projection = nn.Linear(size, settings.shared_dim)
        self.value_projection = nn.Linear(size, size, bias=False)
        self.categories = nn.Parameter(torch.empty(settings.categories, size))  # q_g
        self.output = nn.Linear(size, size + 1)  # w_l, b_l of q_l
        self.graph_output = nn.Linear(size, size)  # w'_l of q_l
        self.gate = nn.Sequential(
            nn.Linear(size, settings.shared_dim), nn.ReLU(), nn.Linear(settings.shared_dim, 1)
        )
        # the graph transformer: queries of codes, keys and values of all nodes, edge types, the way past it
        self.graph_query = nn.Linear(size, size, bias=False)
        self.graph_key = nn.Linear(size, size, bias=False)
        self.graph_value = nn.Linear(size, size, bias=False)
        self.graph_root = nn.Linear(size, size, bias=False)
        self.edges = nn.Parameter(torch.empty(RELATIONS + 1, size))  # the last: a code with itself
        for weight in (self.categories, self.edges):
            nn.init.normal_(weight, std=0.03)
        self.register_buffer(
            "relations", torch.zeros(settings.labels, settings.categories, dtype=torch.uint8)
        )
        words = (settings.labels, settings.max_code_words)
        self.register_buffer("description_words", torch.zeros(words, dtype=torch.long))
        self.register_buffer("description_lengths", torch.ones(settings.labels, dtype=torch.long))

    def describe_outputs(self, relations: Tensor, words: Tensor, lengths: Tensor) -> None:
        self.get_buffer("relations").copy_(relations)
        self.get_buffer("description_words")[:, : words.shape[1]] = words
        self.get_buffer("description_lengths").copy_(lengths)

    def encode_notes(self, notes: Tensor, lengths: Tensor) -> NoteStates:
        """States and keys of the attention; keys are not squashed."""
        states, mask = self.note_encoder(self.dropout(self.embedding(notes), lengths), lengths.clamp(min=1))
        return NoteStates(states, self.note_projection(states)[:, None], mask)

    def encode_codes(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Rows [L, 1] to queries [1, L, d + 1]."""
        rows = codes[:, 0]
        words, word_counts = (self.get_buffer(f"description_{name}")[rows] for name in ("words", "lengths"))
        states, mask = self.note_encoder(self.embedding(words), word_counts)
        features = states.masked_fill(~mask[..., None], -torch.inf).amax(dim=1)
        return torch.cat([features.float(), rows[:, None].float()], dim=1)[None]

    def attention(self, notes: NoteStates, queries: Tensor) -> Tensor:
        """Weights [N, 1, L, T'], of scores scaled by √s."""
        return self._attention(notes, queries[0, :, :-1])[:, None]

    def _attention(self, notes: NoteStates, features: Tensor) -> Tensor:
        queries = self.query_projection(features) / math.sqrt(self.settings.shared_dim)
        return label_attention(queries, notes.keys[:, 0], notes.mask)

    def note_features(self, notes: NoteStates) -> Tensor:
        """m_g [N, categories, d], what the note says of each category."""
        return torch.matmul(self._attention(notes, self.categories), self.value_projection(notes.states))

    def _score(self, notes: NoteStates, queries: Tensor, shared: Tensor | None) -> Tensor:
        assert shared is not None
        features, rows = queries[0, :, :-1], queries[0, :, -1].long()
        said = torch.matmul(self._attention(notes, features), self.value_projection(notes.states))  # m_l
        weights = self.output(features)
        weights, bias = weights[:, :-1], weights[:, -1]
        alone = (said * weights).sum(dim=2) + bias
        related = (self._relate(said, shared, rows) * self.graph_output(features)).sum(dim=2)
        gate = self.gate(said * weights).squeeze(2)
        return _mixed_logit(alone.float(), related.float(), gate.float())

    def _relate(self, said: Tensor, categories: Tensor, rows: Tensor) -> Tensor:
        """The graph transformer: m' [N, L, d] of codes' m [N, L, d] and categories' m [N, G, d]."""
        relation = self.get_buffer("relations")[rows].long().expand(len(said), -1, -1)  # [N, L, G]
        query = self.graph_query(said) / math.sqrt(self.size)
        of_edge = query @ self.edges.T  # [N, L, types]
        to_categories = query @ self.graph_key(categories).transpose(1, 2) + of_edge.gather(2, relation)
        to_itself = (query * self.graph_key(said)).sum(dim=2, keepdim=True) + of_edge[..., -1:]
        weights = torch.softmax(torch.cat([to_categories, to_itself], dim=2).float(), dim=2).to(said.dtype)
        by_type = torch.zeros_like(of_edge).scatter_add(2, relation, weights[..., :-1].to(of_edge.dtype))
        by_type[..., -1] = weights[..., -1]
        taken = weights[..., :-1] @ self.graph_value(categories) + weights[..., -1:] * self.graph_value(said)
        return taken + by_type @ self.edges + self.graph_root(said)


def _mixed_logit(first: Tensor, second: Tensor, gate: Tensor) -> Tensor:
    """The logit of (1 - σ(gate)) σ(first) + σ(gate) σ(second), without leaving the logarithms."""
    stay, go = logsigmoid(-gate), logsigmoid(gate)
    yes = torch.logaddexp(stay + logsigmoid(first), go + logsigmoid(second))
    no = torch.logaddexp(stay + logsigmoid(-first), go + logsigmoid(-second))
    return yes - no
