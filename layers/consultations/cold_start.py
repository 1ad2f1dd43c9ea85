"""Start-up without garbage collection: what is imported stays, so looking for garbage finds none.

Import this before anything else and call `finished()` when all is set up.
"""

import gc

gc.disable()


def finished() -> None:
    """Collect from here on, and never look at what start-up made."""
    gc.freeze()
    gc.enable()
