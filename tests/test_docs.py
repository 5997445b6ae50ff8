"""What README and docs/ tell to type is a command that there is, and the README's note gets the codes shown there."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from icdbridge import Coder
from icdbridge.cli import app
from icdbridge.training import MODELS, PRESETS, Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "contributing.md")  # commands of what it adds
NUMBERS = {"SEED": "0", "$seed": "0"}


def blocks(page):
    """The fenced blocks of a page, each with its language."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(page):
    """The arguments of each ``icdbridge`` in the page's blocks of commands, options of variables written out."""
    for language, block in blocks(page):
        if language not in ("", "bash", "sh"):
            continue
        variables = dict(re.findall(r'^(\w+)="(.*)"$', block, re.MULTILINE))
        for line in block.replace("\\\n", " ").splitlines():
            for name, value in variables.items():
                line = line.replace(f"${name}", value)
            for part in re.split(r"[;|&]| = ", line.strip()):
                found = re.match(r"(?:\$ |do )?(?:\.venv/bin/)?icdbridge\s+(.*)", part.strip())
                if found and "..." not in part:
                    yield shlex.split(found[1], comments=True)


def listed():
    return [
        pytest.param(words, id=f"{page.name}:{' '.join(words)[:60]}")
        for page in PAGES
        for words in commands(page)
    ]


@pytest.mark.parametrize("words", listed())
def test_commands_of_the_documentation_exist(words):
    words = [NUMBERS.get(word, word) for word in words if word not in ("2>&1", ">")]
    if words[0].isupper():  # `icdbridge COMMAND --help`
        return
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):  # a group
        assert words[0] in command.commands, words[0]
        command, words = command.commands[words[0]], words[1:]
    if "--help" not in words:
        command.make_context(command.name, list(words))
    for option, value in pairwise(words):
        if option == "--set":
            assert value.partition("=")[0] in Settings.model_fields
        assert option != "--model" or value in MODELS
        assert option != "--preset" or value in PRESETS


def test_there_are_commands_to_check():
    assert len(listed()) > 40


def test_the_readmes_note_gets_the_codes_shown():
    (note,) = re.findall(r'^echo "(.*?)" > note.txt$', PAGES[0].read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (shown,) = [block for _, block in blocks(PAGES[0]) if block.startswith("code ")]
    expected = {tuple(line.split()[:2]) for line in shown.splitlines()[1:]}
    expected = {
        (code, band) for code, band in expected if band != "possible"
    }  # which come and go with the ranking
    found = {(one.code, one.band) for one in Coder.load().code(note, top=30)}
    assert len(expected) > 5
    assert expected <= found, expected - found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_of_the_documentation_is_too_long(page):
    lines = page.read_text("utf-8").splitlines()
    long = [line for line in lines if len(line) > 120 and not line.lstrip().startswith("|")]
    assert not long
