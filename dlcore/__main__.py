"""Run the command line as  ``python -m dlcore``."""

from dlcore.cli import main

if __name__ == "__main__":
    main()
