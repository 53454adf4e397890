"""Counting and printing of checks, the same for every peer: one line per check, `ok` or `FAILED`."""
import contextlib
import signal
import sys
import traceback


class Checks:
    """`with checks("what is expected"):` runs one check; `end()` ends the program with 0 if all passed."""

    def __init__(self, peer):
        self._peer = peer
        self._failed = 0
        # A time limit ends the program with SIGTERM; what it started must end with it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    @contextlib.contextmanager
    def __call__(self, name):
        try:
            yield
        except Exception as error:
            self._failed += 1
            why = str(error) or traceback.extract_tb(error.__traceback__)[-1].line
            print(f"FAILED {self._peer}: {name}: {type(error).__name__}: {why}", flush=True)
        else:
            print(f"ok     {self._peer}: {name}", flush=True)

    @property
    def failed(self):
        """How many checks failed."""
        return self._failed

    def end(self):
        sys.exit(1 if self._failed else 0)
