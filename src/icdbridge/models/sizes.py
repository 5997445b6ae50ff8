"""Bounded sizes of models, since a config.json may come from a stranger."""

from typing import Annotated

from pydantic import Field

Rows = Annotated[int, Field(ge=1, le=50_000_000)]  # of an embedding or an output
Size = Annotated[int, Field(ge=1, le=100_000)]
Few = Annotated[int, Field(ge=1, le=256)]  # layers, heads, words that a convolution sees
Extra = Annotated[int, Field(ge=0, le=1_000_000)]  # 0: without
Dropout = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]
