"""The program ``icdbridge``: each of its commands is a module of that name."""

import io
import os
import signal
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import NoReturn

import typer

from icdbridge import __version__
from icdbridge.errors import InputError
from icdbridge.escaping import visible
from icdbridge.extras import not_installed
from icdbridge.terminal import say

# waiting threads that spin slow a shared machine down many times over; it has to be said before torch is imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(
    name="icdbridge",
    help="Reads clinical notes and assigns ICD codes of any version, each with the words that support it.\n\n"
    "Start with `icdbridge code note.txt`. `icdbridge COMMAND --help` explains each command, with examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


_INTERRUPTED = 130  # exit status
MODELS, DESK, PAPER = "Models of your own", "The coder's desk", "The paper"  # headings of the commands


def examples(*commands: str) -> str:
    """The end of a command's help: what to type, without the leading ``icdbridge``, one a line."""
    return "\n\n".join(["Examples:", *(f"icdbridge {command}" for command in commands)])


STORE = typer.Option(
    ..., envvar="ICDBRIDGE_STORE", help="A file such as desk.db, or postgresql://user@host/database."
)
SEX = typer.Option(None, help="female or male.")
AGE = typer.Option(None, help="Age in years, or with a unit: '3 d', '5 months'.")
PRECISION = typer.Option(
    "fp32", help="bf16 is faster on processors that multiply it. Both predict the same codes."
)


def refuse_idle(context: typer.Context, idle: bool, why: str, *names: str) -> None:
    """Where options ``names`` are ``idle``, without effect: ``InputError`` for the first that was given."""
    for parameter in context.command.params if idle else ():
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            raise InputError(f"{parameter.opts[0]} has no effect {why}: leave it out")


def _version(show: bool) -> None:
    if show:
        say(f"icdbridge {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Notes and codes stay on this machine; nothing is sent anywhere."""


def main() -> None:
    """Runs the command; exits 0 when done, 2 on bad input (one line on standard error), 130 when interrupted."""
    for stream in (sys.stdout, sys.stderr):  # what a terminal of another encoding lacks is shown as an escape
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.argv[1:2] != ["serve"]:  # which ends by itself
        for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: what is half made is cleared away
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(app(standalone_mode=False))
    except InputError as error:
        _say_error(str(error))
        sys.exit(2)
    except ModuleNotFoundError as error:
        _say_error(str(not_installed(error)))
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that may not be read
        _say_error(f"{error.filename or 'the disk'}: {error.strerror or type(error).__name__}")
        sys.exit(2)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:  # typer catches an interrupted command and says nothing
        if ended.code == _INTERRUPTED:
            _interrupted()
        raise
    except Exception as error:
        # what the options cannot be is told by an error of the click that typer has in itself
        if not hasattr(error, "format_message"):
            raise
        if told := error.format_message().rstrip("."):  # nothing where the help was shown
            _say_error(f"{told[0].lower()}{told[1:]}: see {_command_of(error)} --help")
        sys.exit(2)


def _command_of(error: Exception) -> str:
    """The command that an error of the options is about, as it is typed."""
    context = getattr(error, "ctx", None)
    return "icdbridge" + (
        context.command_path.partition(context.find_root().command_path)[2] if context else ""
    )


def _interrupted() -> NoReturn:
    say("interrupted", err=True)
    sys.exit(_INTERRUPTED)


def _say_error(message: str) -> None:
    say(visible(f"error: {message}", one_line=True), err=True)


for _verb in iter_modules(__path__):
    import_module(f"{__name__}.{_verb.name}")
