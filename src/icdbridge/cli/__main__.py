"""The command ``icdbridge`` as a module, which is how torchrun starts it: ``torchrun -m icdbridge.cli``."""

from icdbridge.cli import main

if __name__ == "__main__":
    main()
