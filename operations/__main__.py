"""`./consultations COMMAND`, or python -m operations with layers/ on the path."""

from operations.commands import app

if __name__ == "__main__":
    app(prog_name="consultations")
