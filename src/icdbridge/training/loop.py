"""The training loop: AdamW, linear warm-up and decay, the best epoch kept, interrupt and go on."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from icdbridge.errors import InputError
from icdbridge.models import CodingModel
from icdbridge.models.dropout import seeded
from icdbridge.models.kernels.products import fast_products
from icdbridge.models.kernels.word_gradients import RowGradients
from icdbridge.models.tensor_files import load_checked, save_checked
from icdbridge.progress import console, progress_bar
from icdbridge.training.batches import Part, VersionNotes, batches_ahead, plan_epoch
from icdbridge.training.checkpoints import ANEW, load_checkpoint, save_checkpoint
from icdbridge.training.distributed import ALONE, Ended, Processes
from icdbridge.training.settings import Settings
from icdbridge.training.work import BEST, CHECKPOINT


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Within, Ctrl-C and SIGTERM only ask to stop, and are added to the list: steps are never cut in two."""
    asked: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda got, _: asked.append(got)) for number in signals}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def learning_rate(step: int, steps: int, settings: Settings) -> float:
    """Rises linearly over the warm-up steps, then falls linearly to 0 at the last step."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    return settings.learning_rate * (steps - step) / max(1, steps - settings.warmup_steps)


def training_device(name: str) -> torch.device:
    """The device of the setting ``device``: ``auto`` is an accelerator where torch finds one.

    Raises ``InputError`` where the one asked for is not there.
    """
    if name == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device is cuda, but torch finds no CUDA GPU here: set device=cpu or device=auto")
    return torch.device(name)


def fit(
    model: CodingModel,
    data: Sequence[VersionNotes],
    settings: Settings,
    folder: Path,
    validate: Callable[[CodingModel], dict[str, float]],
    watch: Callable[[dict[str, float]], None],
    processes: Processes = ALONE,
) -> list[dict[str, float]]:
    """Trains in place, leaves the weights of the best epoch in ``model`` and returns the log, a row an epoch.

    ``folder`` holds ``checkpoint.safetensors`` (after each epoch and on interrupt) and ``best.safetensors``. A
    checkpoint found there is continued, to the same weights as without a break (same seed, CPU). ``validate`` returns
    figures named ``val_...``; ``watch`` is called with each row. With several ``processes`` each learns its part of
    every batch; the first one writes, and it alone has the weights of the best epoch. Raises ``KeyboardInterrupt``
    after saving when interrupted, ``InputError`` after saving when another process has ended.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    checkpoint, best_file = folder / CHECKPOINT, folder / BEST
    state: dict[str, Any] = {"epoch": 0, "batch": 0, "loss": 0.0, "seconds": 0.0, "log": [], "best": None}
    state["lr"] = 0.0  # checkpoints of earlier versions have none
    if checkpoint.exists():
        state |= load_checkpoint(checkpoint, model, optimizer)
        if state["best"] is not None:
            load_checked(best_file, ANEW)  # damage is told now, not after the last epoch
    # NCCL adds up no sparse gradients
    rows = RowGradients(model, sparse=processes.count == 1 or device.type == "cpu")
    learn = processes.learner(model, settings.label_chunk)
    # torch.manual_seed seeds absent GPUs too, and reads the call stack for each
    seed_draws = torch.default_generator.manual_seed if device.type == "cpu" else torch.manual_seed
    narrow = torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bf16-mixed")
    metric = f"val_{settings.validation_metric}"

    def save() -> None:
        save_checkpoint(checkpoint, model, optimizer, state)

    def step(part: Part, number: int, steps: int) -> bool:
        """Learns from a batch; returns whether any process was asked to stop."""
        state["lr"] = learning_rate(number, steps, settings)
        for group in optimizer.param_groups:
            group["lr"] = state["lr"]
        # seeded by the step, dropout needs no state of its own to go on after a break
        seed = settings.seed * 1_000_003 + number
        seed_draws(seed + processes.number * 2**40)
        seeds = [(seed * 2**20 + int(note)) % 2**63 for note in part.numbers]
        optimizer.zero_grad()  # before the forward pass, which needs the room
        with fast_products(), processes.together():
            with narrow, seeded(seeds):
                loss = learn(part.batch.to(device)) * part.share
            torch.autograd.backward(loss * processes.count)  # of which the mean is taken
        total, asked = processes.sum([loss.item(), len(interrupts)])
        # no other process is waited for from here on: a step is done by all or by none
        rows.make_whole()
        optimizer.step()
        state["loss"] += total
        state["batch"] += 1
        return asked > 0

    def epoch() -> None:
        number = state["epoch"]
        plan = plan_epoch(data, settings.batch_size, settings.batch_words, settings.seed, number)
        model.train()
        with progress_bar() as bar:
            task = bar.add_task(f"epoch {number + 1}", total=len(plan), completed=state["batch"])
            batches = batches_ahead(data, plan, settings, number, state["batch"], processes.part)
            began = time.monotonic()
            for part in batches:
                asked = step(part, number * len(plan) + state["batch"], settings.epochs * len(plan))
                state["seconds"] += time.monotonic() - began
                began = time.monotonic()
                bar.advance(task)
                if asked:
                    batches.close()
                    if processes.leads:
                        save()
                    raise KeyboardInterrupt
        figures = validate(model)
        notes = sum(len(version) for version in data)
        row = {
            "epoch": number + 1,
            "step": (number + 1) * len(plan),
            "train_loss": state["loss"] / len(plan),
            **figures,
            "lr": state["lr"],
            "seconds": round(state["seconds"], 2),
            "notes_per_second": round(notes / max(state["seconds"], 1e-9), 2),
        }
        state["log"].append(row)
        watch(row)
        console.print(
            f"epoch {number + 1}/{settings.epochs}: train loss {row['train_loss']:.5f}, {show_figures(figures)}"
        )
        better = state["best"] is None or figures[metric] > state["best"][metric]
        if better:
            state["best"] = row
        if better and processes.leads:
            save_checked(best_file, model.state_dict(), row)
        state.update(epoch=number + 1, batch=0, loss=0.0, seconds=0.0)
        if processes.leads:
            save()

    with _interrupts() as interrupts:
        try:
            while state["epoch"] < settings.epochs:
                if state["best"] and state["epoch"] - state["best"]["epoch"] >= settings.patience:
                    break
                epoch()
        except Ended:
            if processes.leads or processes.first("checkpoint"):  # all have the same weights: whoever is left
                save()
            raise
    if processes.leads:
        model.load_state_dict(load_checked(best_file, ANEW)[0])
    return state["log"]


def show_figures(figures: Mapping[str, float]) -> str:
    """Validation figures in words."""
    return (
        ", ".join(f"{name.removeprefix('val_')} {value:.4f}" for name, value in figures.items()) + " on val"
    )
