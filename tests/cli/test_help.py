"""The help of every command begins with what it does, explains each argument and shows examples that can be typed."""

import re
import shlex

import pytest
import typer

from icdbridge.cli import app


def leaves(command, path=()):
    """Every command below a command, with the words that name it."""
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


COMMANDS = {" ".join(path): command for path, command in leaves(typer.main.get_command(app))}


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_commands(name):
    shown = re.findall(r"^icdbridge (.*)$", COMMANDS[name].epilog, re.MULTILINE)
    assert shown
    for example in shown:
        assert example == name or example.startswith(f"{name} ")
        COMMANDS[name].make_context(name, shlex.split(example.removeprefix(name)))


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_is_explained(name):
    command = COMMANDS[name]
    assert re.match(r"[A-Z].{10,}\.", command.help)
    assert not [one.name for one in command.params if not getattr(one, "help", None)]
