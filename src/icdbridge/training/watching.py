"""Figures of each epoch beside the log: TensorBoard files, if asked for."""

from collections.abc import Callable
from pathlib import Path

from icdbridge.extras import not_installed

Watch = Callable[[dict[str, float]], None]


def watcher(tensorboard: bool) -> Callable[[Path], Watch]:
    """What to do with each epoch's row of figures: nothing, or write TensorBoard files into the folder."""
    if not tensorboard:
        return lambda folder: lambda row: None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise not_installed(error) from error

    def into(folder: Path) -> Watch:
        writer = SummaryWriter(str(folder / "tensorboard"))

        def watch(row: dict[str, float]) -> None:
            for name, value in row.items():
                writer.add_scalar(name, value, int(row["step"]))
            writer.flush()

        return watch

    return into
