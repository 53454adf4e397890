#!/usr/bin/env python3
"""`wirebahn connect` against somebody else's server.   command.py WIREBAHN PEER -- SERVER COMMAND...

Starts the server (see servers.py for what it does), drives the command as a shell would, and ends the server.
"""
import subprocess
import sys
import threading

from checks import Checks

SECONDS = 20

wirebahn, peer = sys.argv[1:3]
server_command = sys.argv[sys.argv.index("--") + 1:]
checks = Checks(f"{peer} as server")


def connect(url, *options, lines=(), replies=None, end_input=True):
    """Runs the command with these lines as its input; gives exit status, output and error output.

    The input ends when as many lines as there must be replies (one for each line, unless told) came back: a peer that
    reads a Close frame may drop what it has not answered yet. Without `end_input` it ends when the command does.
    """
    process = subprocess.Popen([wirebahn, "connect", url, *options],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    errors = []
    limit = threading.Timer(SECONDS, process.kill)
    writer = threading.Thread(target=write, args=(process.stdin, lines))
    error_reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    for thread in (limit, writer, error_reader):
        thread.start()
    output = [process.stdout.readline() for _ in range(len(lines) if replies is None else replies)]
    if end_input:
        writer.join()
        close(process.stdin)
    output.append(process.stdout.read())
    process.wait()
    limit.cancel()
    for thread in (limit, writer, error_reader):
        thread.join()
    close(process.stdin)
    return process.returncode, b"".join(output).decode(), b"".join(errors).decode()


def write(pipe, lines):
    """The command may end without having read everything."""
    try:
        pipe.write("".join(f"{line}\n" for line in lines).encode())
        pipe.flush()
    except BrokenPipeError:
        pass


def close(pipe):
    try:
        pipe.close()
    except BrokenPipeError:
        pass


def expect(got, status, output=None):
    code, out, err = got
    assert code == status, f"exit status {code}, not {status}; stderr: {err.strip()!r}"
    assert output is None or out == output, f"printed {out[:200]!r}, not {output[:200]!r}"
    assert status == 0 or err.strip(), "nothing on stderr says why"


server = subprocess.Popen(server_command, stdout=subprocess.PIPE, text=True)
try:
    first = server.stdout.readline()
    assert first.startswith("listening on ws://"), f"{peer} did not start: {first!r}"
    url = first.split()[-1]

    with checks("lines come back and the end of the input closes cleanly"):
        lines = ["hello", "Grüße, 世界 \U0001F600", "", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536, "y" * 300_000]
        expect(connect(url, lines=lines), 0, "".join(f"{line}\n" for line in lines))

    with checks("no input at all is a clean close"):
        expect(connect(url), 0, "")

    with checks("lines go out as text, and as binary with --binary"):
        expect(connect(url + "kind", lines=["abc"]), 0, "text 3\n")
        expect(connect(url + "kind", "--binary", lines=["abc"]), 0, "binary 3\n")

    with checks("headers and subprotocols are offered"):
        got = connect(url + "hello", "--header", "X-Probe: 42", "--subprotocol", "first", "--subprotocol", "second",
                      replies=1)
        expect(got, 0, "X-Probe: 42, subprotocol: second\n")

    with checks("--ping does not disturb messages"):
        expect(connect(url, "--ping", "1", lines=["hello"]), 0, "hello\n")

    with checks("a server that closes ends the command, though its input is still open"):
        expect(connect(url + "bye", lines=["anything"], replies=0, end_input=False), 0, "")

    with checks("a connection that is cut is status 1"):
        expect(connect(url + "drop", lines=["anything"], replies=0, end_input=False), 1)

    with checks("a refusal is status 1 and names the HTTP status"):
        got = connect(url + "refuse", lines=["anything"], replies=0, end_input=False)
        expect(got, 1, "")
        assert "403" in got[2], got[2]
finally:
    server.terminate()
    server.wait()

with checks("a port where nobody listens is status 1"):
    expect(connect(url), 1, "")

with checks("a URL that is none, and an unknown option, are status 2"):
    expect(connect("http//nowhere"), 2, "")
    expect(connect(url, "--no-such-option"), 2, "")

checks.end()
