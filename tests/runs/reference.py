"""The released arithmetic written out plainly from its formulas, and made-up checkpoints to run it on.

Nothing is masked: notes are padded to the released length and read to their end, padding included, and the
descriptions of one call are padded to the longest of them.
"""

import json

import torch

WORDS = ["heart", "failure", "renal", "acute", "diabetes", "of", "the", "chest", "81mg", "pain"]
SIZE = len(WORDS) + 2
DIM, HIDDEN, HEADS, SHARED, NOTE_WORDS, CODE_WORDS = 5, 4, 3, 6, 30, 7


def released_checkpoint(folder, encoder="gru", seed=0, state=None, tokens=None, config=None):
    """Writes a checkpoint with random weights (biases and the padding's embedding too) and returns its state."""
    generator = torch.Generator().manual_seed(seed)
    cnn = encoder == "cnn"
    d = HIDDEN if cnn else 2 * HIDDEN
    gates = {"gru": 3, "lstm": 4, "cnn": 0}[encoder] * HIDDEN
    shapes = {"embedding.weight": (SIZE, DIM)}
    for side in ("encoder_text", "encoder_code"):
        if cnn:
            shapes |= {f"{side}.weight": (HIDDEN, DIM, 4), f"{side}.bias": (HIDDEN,)}
        for direction in () if cnn else ("", "_reverse"):
            shapes |= {
                f"{side}.weight_ih_l0{direction}": (gates, DIM),
                f"{side}.weight_hh_l0{direction}": (gates, HIDDEN),
                f"{side}.bias_ih_l0{direction}": (gates,),
                f"{side}.bias_hh_l0{direction}": (gates,),
            }
    for side in ("projection_text_layers", "projection_code_layers"):
        for head in range(HEADS):
            shapes |= {f"{side}.{head}.weight": (SHARED, d), f"{side}.{head}.bias": (SHARED,)}
    shapes |= {"final_layer.0.weight": (HEADS * d, HEADS * d), "final_layer.0.bias": (HEADS * d,)}
    shapes |= {"final_layer.2.weight": (1, HEADS * d), "final_layer.2.bias": (1,)}
    made = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    sizes = {
        "vocab_size": SIZE, "embedding_dim": DIM, "dropout": 0.2, "num_mha_heads": HEADS,
        "projection_dim": SHARED, "max_note_length": NOTE_WORDS, "max_code_length": CODE_WORDS,
    }  # fmt: skip
    if cnn:
        sizes |= {"encoder_type": "cnn", "kernel_size": 4, "num_filters": HIDDEN}
    else:
        sizes |= {"encoder_type": "rnn", "rnn_type": encoder, "rnn_hidden_size": HIDDEN, "rnn_num_layers": 1}
    folder.mkdir()
    table = {word: row for row, word in enumerate([*WORDS, "<UNK>", "<PAD>"])}
    (folder / "config.json").write_text(json.dumps(sizes | (config or {})))
    (folder / "token2id.json").write_text(json.dumps(tokens or table))
    torch.save(made | (state or {}), folder / "pytorch_model.bin")
    return made


def reference_logits(state, encoder, notes, codes):
    """Logits [N, L] of lists of words, position by position and head by head, from a released state dict."""
    width = min(max(len(words) for words in codes), CODE_WORDS)
    note_rows = [padded(words, NOTE_WORDS) for words in notes]
    code_rows = [padded(words, width) for words in codes]
    pooled = [pool(state, encoder, state["embedding.weight"][rows]) for rows in code_rows]
    logits = torch.empty(len(notes), len(codes))
    for n, rows in enumerate(note_rows):
        states = encode(state, "encoder_text", encoder, state["embedding.weight"][rows])
        for c, query in enumerate(pooled):
            contexts = []
            for head in range(HEADS):
                keys = torch.tanh(linear(state, f"projection_text_layers.{head}", states))
                wanted = torch.tanh(linear(state, f"projection_code_layers.{head}", query))
                weights = torch.softmax(keys @ wanted, dim=0)
                contexts.append((weights[:, None] * states).sum(dim=0))
            hidden = linear(state, "final_layer.0", torch.cat(contexts)).clamp(min=0)
            logits[n, c] = linear(state, "final_layer.2", hidden)
    return logits


def padded(words, width):
    rows = [WORDS.index(word) if word in WORDS else SIZE - 2 for word in words][:width]
    return torch.tensor(rows + [SIZE - 1] * (width - len(rows)))


def linear(state, name, x):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def encode(state, side, encoder, embedded):
    """States of all positions [T', d]."""
    if encoder == "cnn":
        weight, bias = state[f"{side}.weight"], state[f"{side}.bias"]
        edge = torch.zeros(2, DIM)  # padding = kernel size // 2
        around = torch.cat([edge, embedded, edge])
        return torch.stack(
            [(weight * around[t : t + 4].T).sum((1, 2)) + bias for t in range(len(embedded) + 1)]
        )
    forward = recur(state, side, "", encoder, embedded)
    backward = recur(state, side, "_reverse", encoder, embedded.flip(0)).flip(0)
    return torch.cat([forward, backward], dim=1)


def pool(state, encoder, embedded):
    states = encode(state, "encoder_code", encoder, embedded)
    return states.amax(dim=0) if encoder == "cnn" else torch.cat([states[-1, :HIDDEN], states[0, HIDDEN:]])


def recur(state, side, direction, kind, embedded):
    """One direction of a GRU or LSTM cell, step by step (gates in PyTorch's order)."""
    names = (f"{side}.{part}_l0{direction}" for part in ("weight_ih", "bias_ih", "weight_hh", "bias_hh"))
    w_in, b_in, w_rec, b_rec = (state[name] for name in names)
    hidden, cell, states = torch.zeros(HIDDEN), torch.zeros(HIDDEN), []
    for x in embedded:
        given, kept = (w_in @ x + b_in).chunk(4 if kind == "lstm" else 3), (w_rec @ hidden + b_rec)
        kept = kept.chunk(4 if kind == "lstm" else 3)
        if kind == "lstm":
            take, forget, show = (torch.sigmoid(given[i] + kept[i]) for i in (0, 1, 3))
            cell = forget * cell + take * torch.tanh(given[2] + kept[2])
            hidden = show * torch.tanh(cell)
        else:
            reset, update = (torch.sigmoid(given[i] + kept[i]) for i in (0, 1))
            candidate = torch.tanh(given[2] + reset * kept[2])
            hidden = (1 - update) * candidate + update * hidden
        states.append(hidden)
    return torch.stack(states)
