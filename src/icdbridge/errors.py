"""The one error that people cause and people can mend."""


class InputError(Exception):
    """Bad input: the message is one line that says what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with status 2. The message never quotes the text of a note.
    """
