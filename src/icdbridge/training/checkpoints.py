"""The state of an unfinished training as one safetensors file: weights, optimiser moments, position."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from icdbridge.models.tensor_files import load_checked, save_checked

ANEW = "start the training anew with --force"


def save_checkpoint(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Writes atomically, with a checksum; ``state`` is stored as JSON."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in moments.items()}
    save_checked(path, tensors, state)


def load_checkpoint(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Restores model and optimiser in place and returns the state; ``InputError`` for a damaged file."""
    tensors, state = load_checked(path, ANEW)
    model.load_state_dict({name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")})
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return state
