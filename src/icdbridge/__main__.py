"""The command ``icdbridge`` as a module: ``python -m icdbridge``, and how torchrun starts it."""

from icdbridge.cli import main

if __name__ == "__main__":
    main()
