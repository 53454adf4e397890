#!/usr/bin/env python3
"""`wirebahn call`, `publish`, `subscribe`, `register` and `bench` with components of Autobahn|Python.

commands.py WIREBAHN ROUTER WS_URL RS_URL

ROUTER: the name of the router at the URLs (wirebahn, crossbar). Drives the commands as a shell would, over WebSocket and
RawSocket, and checks what goes to stdout, and the exit status of everything that can go wrong.
"""
import asyncio
import json
import os
import random
import signal
import string
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallResult, PublishOptions, RegisterOptions

from checks import Checks
from peer import Inbox, join, run
from router import REALM

SECONDS = 20
# Exit statuses, as the help of the commands has them.
OK, ERROR, USAGE, NO_SESSION, INTERRUPTED = 0, 1, 2, 3, 130

wirebahn, router, *urls = sys.argv[1:5]


class Running:
    """A command that goes on, once it says that it is ready."""

    def __init__(self, process):
        self.process = process

    async def line(self):
        return json.loads(await within(self.process.stdout.readline()))

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    async def status(self):
        """The exit status, once it has ended by itself or by a signal."""
        await within(self.process.communicate())
        return self.process.returncode


async def within(awaitable):
    return await asyncio.wait_for(awaitable, SECONDS)


class Shell:
    """The commands at one URL, with one serializer."""

    def __init__(self, url, serializer):
        self._url, self._serializer = url, serializer
        self._started = []

    async def start(self, command, *arguments, log=()):
        options = ["--url", self._url, "--serializer", self._serializer]
        # The loads of bench have the options.
        command, arguments = ([command, arguments[0]], arguments[1:]) if command == "bench" else ([command], arguments)
        process = await asyncio.create_subprocess_exec(
            wirebahn, *log, *command, *options, *arguments, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        self._started.append(process)
        return process

    async def run(self, command, *arguments):
        """Runs a command to its end; gives exit status, stdout and stderr."""
        process = await self.start(command, *arguments)
        out, err = await within(process.communicate())
        return process.returncode, out.decode(), err.decode()

    async def begin(self, command, *arguments):
        """Starts a command that goes on, and waits until it is ready."""
        process = await self.start(command, *arguments, log=("--log", "wirebahn=info"))
        line = (await within(process.stderr.readline())).decode()
        assert f"registered {arguments[0]}" in line or f"subscribed to {arguments[0]}" in line, line
        return Running(process)

    def end(self):
        for process in self._started:
            if process.returncode is None:
                process.kill()


def expect(got, status, output=None, error=""):
    code, out, err = got
    assert code == status, f"exit status {code}, not {status}; stderr: {err.strip()!r}"
    if output is not None:
        assert [json.loads(line) for line in out.splitlines()] == output, f"printed {out!r}"
    assert error in err, err
    assert err.count("\n") == (0 if status == OK else 1), err


async def calls(checks, shell, session, uri):
    async def echo(*args, **kwargs):
        return CallResult(*args, **kwargs)

    async def fail():
        raise ApplicationError("com.example.broken", "wheel", 3, where="left")

    async def count(to, details=None):
        for number in range(to):
            details.progress(number)
        return to

    await session.register(echo, uri("echo"))
    await session.register(fail, uri("fail"))
    await session.register(lambda: 1 // 0, uri("crash"))
    await session.register(count, uri("count"), RegisterOptions(details_arg="details"))

    with checks("call: values of every kind go to Autobahn's procedure and come back"):
        values = ["7", "-1", "1.5", "true", "null", '"7"', "Grüße", '[1,{"a":[]}]', '{"b":"c"}']
        want = [7, -1, 1.5, True, None, "7", "Grüße", [1, {"a": []}], {"b": "c"}]
        expect(await shell.run("call", uri("echo"), "7"), OK, [7])
        expect(await shell.run("call", uri("echo")), OK, [None])
        got = await shell.run("call", uri("echo"), "-k", "unit=C", "-k", "n=2", "--", *values)
        expect(got, OK, [{"args": want, "kwargs": {"unit": "C", "n": 2}}])

    with checks("call: pieces of a result are lines"):
        expect(await shell.run("call", uri("count"), "3", "--progress"), OK, [0, 1, 2, 3])

    with checks("call: an error of the procedure is status 1, with its URI and arguments"):
        expect(await shell.run("call", uri("fail")), ERROR, [], "com.example.broken")
        code, _, err = await shell.run("call", uri("fail"))
        assert '"wheel",3' in err and '"where":"left"' in err, err
        expect(await shell.run("call", uri("crash")), ERROR, [], "wamp.error.runtime_error")

    with checks("call: a procedure that nobody has is status 1"):
        expect(await shell.run("call", uri("nobody")), ERROR, [], "wamp.error.no_such_procedure")

    with checks("call: no answer in time is status 1"):
        never = asyncio.get_running_loop().create_future()
        await session.register(lambda: never, uri("never"))
        expect(await shell.run("call", uri("never"), "--timeout", "1"), ERROR, [], "time")
        never.cancel()


async def events(checks, shell, session, uri, runtime):
    inbox = Inbox(runtime, "an event")
    await session.subscribe(lambda *args, **kwargs: inbox.put((list(args), kwargs)), uri("news"))

    with checks("publish: Autobahn's subscriber gets arguments and keyword arguments"):
        expect(await shell.run("publish", uri("news"), "It works", "2", "-k", "n=1"), OK, [])
        assert await inbox.get() == (["It works", 2], {"n": 1})

    with checks("publish: with --acknowledge the number of the publication is printed"):
        code, out, err = await shell.run("publish", uri("news"), "--acknowledge")
        assert code == OK and json.loads(out)["publication"] > 0, (code, out, err)
        assert await inbox.get() == ([], {})

    if router == "crossbar":
        with checks("publish: a topic for which the router ends the session is status 3"):
            expect(await shell.run("publish", "a..b", "--acknowledge"), NO_SESSION, [])
    else:
        with checks("publish: a topic that is not allowed is status 1 if the router is asked"):
            expect(await shell.run("publish", "a..b", "--acknowledge"), ERROR, [], "wamp.error.invalid_uri")

    with checks("subscribe: what Autobahn publishes is a line of JSON each, and --count ends it with status 0"):
        subscriber = await shell.begin("subscribe", uri("topic"), "--count", "2")
        options = PublishOptions(acknowledge=True)
        first = await session.publish(uri("topic"), 1, [2], unit="C", options=options)
        await session.publish(uri("topic"), options=options)
        want = {"topic": uri("topic"), "args": [1, [2]], "kwargs": {"unit": "C"}, "publication": first.id}
        line = await subscriber.line()
        assert line == want, line
        line = await subscriber.line()
        assert (line["args"], line["kwargs"]) == ([], {}), line
        assert await subscriber.status() == OK

    with checks("subscribe: a pattern says which topic it was, and Ctrl-C ends it with status 0"):
        subscriber = await shell.begin("subscribe", uri("pattern"), "--match", "prefix")
        await session.publish(uri("pattern.one"), "x", options=options)
        line = await subscriber.line()
        assert line["topic"] == uri("pattern.one") and line["args"] == ["x"], line
        subscriber.interrupt()
        assert await subscriber.status() == OK


async def registrations(checks, shell, session, uri):
    with checks("register: a program answers Autobahn's calls, and --count ends it with status 0"):
        callee = await shell.begin("register", uri("cat"), "--count", "2", "--", "cat")
        got = await session.call(uri("cat"), 1, "two", three=[3])
        assert got == {"args": [1, "two"], "kwargs": {"three": [3]}}, got
        assert await session.call(uri("cat")) == {"args": [], "kwargs": {}}
        assert await callee.status() == OK

    with checks("register: a program that fails is a runtime error with what it says"):
        callee = await shell.begin("register", uri("broken"), "--", "sh", "-c", "echo broken >&2; exit 3")
        try:
            await session.call(uri("broken"))
            raise AssertionError("no error")
        except ApplicationError as error:
            assert (error.error, list(error.args)) == ("wamp.error.runtime_error", ["broken"]), error
        callee.interrupt()
        assert await callee.status() == OK

    with checks("register: a call that Autobahn gives up kills the program"):
        callee = await shell.begin("register", uri("sleep"), "--count", "1", "--", "sleep", "1000")
        call = session.call(uri("sleep"))
        await asyncio.sleep(0.3)
        call.cancel()
        # It waits for its program before it ends.
        assert await callee.status() == OK

    with checks("register: a procedure that somebody has is status 1"):
        await session.register(lambda: None, uri("taken"))
        got = await shell.run("register", uri("taken"), "--", "cat")
        expect(got, ERROR, [], "wamp.error.procedure_already_exists")


async def sessions(checks, shell, uri):
    with checks("a realm that there is not is status 3"):
        for command in (["call", uri("a")], ["publish", uri("a")], ["subscribe", uri("a")], ["register", uri("a"), "--", "cat"]):
            got = await shell.run(command[0], "--realm", "com.example.nowhere", *command[1:])
            expect(got, NO_SESSION, [], "no_such_realm")

    with checks("a call that is interrupted is status 130"):
        callee = await shell.begin("register", uri("wait"), "--count", "1", "--", "sh", "-c", "echo >&2; exec sleep 1000")
        caller = await shell.start("call", uri("wait"))
        await asyncio.sleep(1)
        caller.send_signal(signal.SIGINT)
        await within(caller.communicate())
        assert caller.returncode == INTERRUPTED, caller.returncode
        assert await callee.status() == OK


async def loads(checks, shell):
    for mode, operations in ((["rpc"], 50), (["pubsub", "--acknowledge"], 50), (["fanout", "--subscribers", "3"], 150),
                             (["connect"], 50)):
        with checks(f"bench {mode[0]}: nothing is lost"):
            code, out, err = await shell.run("bench", *mode, "--count", "50", "--warm-up", "0", "--json")
            assert code == OK, err
            report = json.loads(out)
            assert (report["operations"], report["lost"], report["out_of_order"]) == (operations, 0, 0), report


async def main(runtime):
    failed = 0
    for url in urls:
        for serializer in ("json", "msgpack", "cbor"):
            checks = Checks(f"commands and Autobahn|Python on {router}, {url.split(':')[0]} {serializer}")
            prefix = "interop." + "".join(random.choices(string.ascii_lowercase, k=12))
            uri = lambda name, prefix=prefix: f"{prefix}.{name}"
            shell = Shell(url, serializer)
            # Another serializer at the other end: the router has to convert.
            other = {"json": "cbor", "msgpack": "json", "cbor": "msgpack"}[serializer]
            session = await join(runtime, url, other, REALM)
            try:
                await calls(checks, shell, session, uri)
                await events(checks, shell, session, uri, runtime)
                await registrations(checks, shell, session, uri)
                await sessions(checks, shell, uri)
                await loads(checks, shell)
            finally:
                shell.end()
                await session.end()
            failed += checks.failed
    return failed


sys.exit(1 if run("asyncio", main) else 0)
