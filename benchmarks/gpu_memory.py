"""What a step holds on a device, and letting go of it."""

import gc

import torch


def memory(device: str) -> str:
    """The most that tensors held since the last ``fresh``."""
    if device != "cuda":
        return "memory not counted"
    return f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB"


def fresh(device: str) -> None:
    if device == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
