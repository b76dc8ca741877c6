"""The commands, one module each; a new one is a new module and one line in `cli/main.py`."""
