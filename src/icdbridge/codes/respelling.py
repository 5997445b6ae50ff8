"""What a text may have been before a spreadsheet or a typist changed it: zeros put back, letters taken for digits."""

import re
from collections.abc import Iterator

from icdbridge.codes.code import Code, parse_code
from icdbridge.codes.systems import declaration, known_systems
from icdbridge.errors import InputError

NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?")


def parsed(text: str, system: str) -> Code | None:
    """The code of a system that a text has the shape of; None where it has none."""
    if system not in known_systems():
        text = text.removeprefix(f"{system}:")
    try:
        return parse_code(text, system)
    except InputError:
        return None


def variants(text: str, system: str) -> Iterator[tuple[str, Code]]:
    """What a text may have been before a spreadsheet or a typist changed it, of the right shape."""
    plain = text.strip().upper()
    tried: list[tuple[str, str]] = []
    if NUMBER.fullmatch(plain):
        whole, dot, rest = plain.partition(".")
        known = declaration(system)
        width = known.length or known.category
        if dot and known.dotted and len(whole) < width:
            tried += [("leading", f"{whole.zfill(width)}.{rest}"), ("both", f"{whole.zfill(width)}.{rest}0")]
        if not dot:
            tried += [("leading", whole.zfill(size)) for size in range(len(whole) + 1, width + 3)]
        tried.append(("trailing", f"{whole}.{rest}0" if dot else f"{whole}.0"))
        if not dot:
            tried.append(("trailing", f"{whole}.00"))
        if rest.strip("0") == "":
            tried.append(("number", whole))  # 4280.0
    swapped = plain[:1] + plain[1:].replace("O", "0").replace("I", "1").replace("L", "1")
    tried.append(("letters", swapped))
    tried.append(("letters", plain.replace("O", "0").replace("I", "1")))
    first = {"0": "O", "1": "I"}.get(swapped[:1], swapped[:1])
    tried.append(("letters", first + swapped[1:]))
    seen = {plain}
    for kind, one in tried:
        if one not in seen and (code := parsed(one, system)) is not None:
            seen.add(one)
            yield kind, code
