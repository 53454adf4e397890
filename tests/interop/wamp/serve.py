#!/usr/bin/env python3
"""Runs a router while a command runs.   serve.py NAME PROGRAM [--log FILE] -- COMMAND...

NAME: crossbar, wirebahn. `@ws`, `@rs` and `@pid` in the command become the router's URLs and process. The status is the command's, or 1
if the router did not live to see its end.
"""
import signal
import subprocess
import sys

from router import start

# A time limit ends this with SIGTERM; the router must end with it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

arguments, command = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
name, program = arguments[:2]
log = arguments[3] if arguments[2:3] == ["--log"] else None
with start(name, program, log) as router:
    known = {"@ws": router.websocket, "@rs": router.rawsocket, "@pid": str(router.process.pid)}
    status = subprocess.run([known.get(word, word) for word in command]).returncode
    if not router.is_alive():
        print(f"FAILED {name}: it ended during the run with status {router.process.returncode}")
        status = 1
sys.exit(status)
