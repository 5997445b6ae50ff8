"""Packages that only some uses need, and the extra of this package that brings each."""

import sys
from importlib.util import find_spec

from icdbridge.errors import InputError

EXTRAS = {
    "models": (
        *("torch", "tokenizers", "gensim", "sklearn", "scipy"),
        *("duckdb", "pyarrow", "isal", "matplotlib", "jinja2"),
    ),
    "plm": ("transformers",),
    "tensorboard": ("tensorboard",),
    "documents": ("lxml", "mammoth", "pypdf", "striprtf"),
    "serve": ("fastapi", "starlette", "uvicorn", "prometheus_client"),
    "store": ("sqlalchemy", "alembic"),
    "postgresql": ("psycopg",),
    "sqlcipher": ("sqlcipher3",),
    "pandas": ("pandas",),
    "mcp": ("mcp",),
    "ray": ("ray",),
    "groupers": ("drgpy", "hccinfhir", "pycomorb", "polars"),
}


def installed(extra: str) -> bool:
    """Whether every package of an extra can be imported; imports none."""
    return all(sys.modules.get(name) or find_spec(name) for name in EXTRAS[extra])


def not_installed(error: ModuleNotFoundError) -> InputError:
    """The line that says what to install where a package is missing; ``error`` itself is raised for any other."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return InputError(
                f"this needs {package}, which is not installed: pip install 'icdbridge[{extra}]'"
            )
    raise error
