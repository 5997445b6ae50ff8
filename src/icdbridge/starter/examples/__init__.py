"""Notes to try: made up for this project, each as one of a kind is written."""

from importlib.resources import files

EXAMPLES = ("discharge", "clinic", "emergency")


def example(name: str) -> str:
    """The text of one of ``EXAMPLES``."""
    return files(__name__).joinpath(f"{name}.txt").read_text("utf-8")
