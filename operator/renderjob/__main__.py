"""`python -m renderjob`: the same as the program `renderjob`."""

from renderjob.cli.main import run

if __name__ == "__main__":
    run()
