"""Tensors in safetensors files with a checksum; a full disk is an OSError as for any other file."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import Tensor

from icdbridge.errors import InputError
from icdbridge.files import atomic_file


def save_tensors(
    path: Path,
    tensors: Mapping[str, Tensor] | Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes ``path``; ``OSError`` where the disk refuses."""
    told = dict(metadata) if metadata else None
    arrays = {name: one for name, one in tensors.items() if isinstance(one, np.ndarray)}
    rest = {name: one.detach().cpu().contiguous() for name, one in tensors.items() if isinstance(one, Tensor)}
    try:
        if rest:
            save_file(rest, path, told)
        else:
            save_arrays(arrays, path, told)
    except SafetensorError as error:  # the library gives the system's error as text
        found = re.search(r"os error (\d+)", str(error))
        number = int(found[1]) if found else 0
        raise OSError(number, os.strerror(number) if found else str(error), str(path)) from error


def save_checked(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Writes tensors and ``state``, kept as JSON, with the checksum of both, atomically."""
    told = json.dumps(state)
    with atomic_file(path) as partial:
        save_tensors(partial, tensors, {"state": told, "sha256": _digest(tensors, told)})


def load_checked(path: Path, what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What ``save_checked`` wrote; ``InputError`` for a file that is missing or not as it was written.

    ``what`` is the rest of the message: what to do.
    """
    try:
        with safe_open(path, framework="pt") as file:
            told = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if _digest(tensors, told["state"]) == told["sha256"]:
            state: dict[str, Any] = json.loads(told["state"])
            return tensors, state
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {what}") from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged: {what}") from error
    raise InputError(f"{path} is damaged (it differs from its checksum): {what}")


Shape = tuple[str, tuple[int | None, ...]]  # kind, as safetensors calls it, and sizes; None: any


def load_tensors(path: Path, wanted: Mapping[str, Shape]) -> dict[str, Tensor]:
    """The tensors of a file that has just those ``wanted``.

    All are compared before the first is read. Raises ``InputError`` for a file that is missing or damaged, a tensor
    that is missing, too many, of another kind or shape, or not all finite numbers.
    """
    try:
        with safe_open(path, framework="pt") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            found = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in parts.items()}
            _compare(path, found, wanted)
            tensors = {name: file.get_tensor(name) for name in wanted}
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no safetensors file, or a damaged one: make it again") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(f"{path}, tensor {name}: not all values are finite numbers")
    return tensors


def kind_of(tensor: Tensor) -> Shape:
    """What ``load_tensors`` is to want of a tensor."""
    return _KINDS[tensor.dtype], tuple(tensor.shape)


def _compare(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for name, kind in wanted.items():
        if name not in found:
            raise InputError(f"{path} lacks the tensor {name}: it does not fit the rest of the folder")
        fits = len(found[name][1]) == len(kind[1]) and all(
            want in (None, size) for size, want in zip(found[name][1], kind[1], strict=True)
        )
        if found[name][0] != kind[0] or not fits:
            shown, asked = (
                f"{dtype} {' x '.join('any' if size is None else str(size) for size in sizes)}"
                for dtype, sizes in (found[name], kind)
            )
            raise InputError(f"{path}, tensor {name}: {shown} where the rest of the folder asks for {asked}")
    for name in sorted(found.keys() - wanted.keys()):
        raise InputError(f"{path}, tensor {ascii(name)[:200]}: the rest of the folder knows no such tensor")


_KINDS = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


def _digest(tensors: Mapping[str, Tensor], state: str) -> str:
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        one = tensors[name].detach().cpu().contiguous()
        digest.update(f"\0{name} {one.dtype} {tuple(one.shape)}\0".encode())
        digest.update(one.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
