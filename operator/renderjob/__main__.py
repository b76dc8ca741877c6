"""`python -m renderjob`: the same as the program `renderjob`."""

from renderjob.cli.entry import run

if __name__ == "__main__":
    run()
