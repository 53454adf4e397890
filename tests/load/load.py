#!/usr/bin/env python3
"""How much a router can carry: ours beside Crossbar, in one run.

    load.py WAMPLOAD SESSIONS FLOOR --wirebahn PROGRAM [--crossbar PROGRAM] [--rounds N] [--secs S] [--cells TEXT] [--smoke]

WAMPLOAD and SESSIONS are the two drivers, FLOOR is a relay that understands nothing (run.sh builds them). Each round
measures every router, transport and serializer once; the table has the medians. Rates of a busy machine say little: what
counts is the rate for one second of the router's CPU time, its ratio to the other router's, and to that of the relay,
which nobody can exceed. The status is 1 if our router lost an event or failed.
`--smoke` is a run of seconds that only shows that everything works.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop", "wamp"))

from router import REALM, start

SERIALIZERS = ["json", "msgpack", "cbor"]
TESTS = ["rpc_seq", "rpc_pipe", "pub1", "flood1", "pubN"]
WHAT = {"rpc_seq": "calls/s, one at a time", "rpc_pipe": "calls/s, 64 at a time", "pub1": "acknowledged publishes/s",
        "flood1": "events/s, unacknowledged", "pubN": "events/s, 1 to 100"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("wampload")
    parser.add_argument("sessions")
    parser.add_argument("floor")
    parser.add_argument("--wirebahn", required=True)
    parser.add_argument("--crossbar")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--secs", type=float, default=4)
    parser.add_argument("--cells", default="", help="only the cells whose name has this, such as 'ws msgpack'")
    parser.add_argument("--tests", default=",".join(TESTS))
    parser.add_argument("--idle", type=int, default=2000, help="sessions that wait; 0: not at all")
    parser.add_argument("--fanout", type=int, default=10_000, help="subscribers of one topic; 0: not at all")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.secs, options.idle, options.fanout = 1, 0.3, 50, 100
        options.tests = "rpc_pipe,flood1,pubN"
    programs = {"wirebahn": options.wirebahn} | ({"crossbar": options.crossbar} if options.crossbar else {})
    problems = []
    throughput(options, programs, problems)
    sessions(options, programs, problems)
    for problem in problems:
        print(f"FAILED load: {problem}")
    if not problems:
        print("ok     load: no event was lost and nothing failed")
    sys.exit(1 if problems else 0)


def throughput(options, programs, problems):
    results = {}
    for _ in range(options.rounds):
        for got in floor(options):
            results.setdefault((got["test"], "floor"), []).append(got)
        for kind in ("ws", "rs"):
            for serializer in SERIALIZERS:
                if options.cells not in f"{kind} {serializer}":
                    continue
                for name, program in programs.items():
                    for got in wampload(options, name, program, kind, serializer):
                        key = (got["test"], kind, serializer, name)
                        if "error" in got or got.get("lost", 0) > 0:
                            what = got.get("error") or f"{got['lost']} events lost"
                            print(f"{name} {kind} {serializer} {got['test']}: {what}")
                            if name == "wirebahn":
                                problems.append(f"{kind} {serializer} {got['test']}: {what}")
                        if "error" not in got:
                            results.setdefault(key, []).append(got)
    print(f"{'':8} {'':10} | {'/s':>9} {'/cpu-s':>9} {'p50 us':>7} | {'/s':>9} {'/cpu-s':>9} {'p50 us':>7} | per cpu-s")
    print(f"{'':8} {'':10} | {'wirebahn':^27} | {'crossbar':^27} | ratio")
    for test in options.tests.split(","):
        print(f"{test}: {WHAT[test]}")
        relay = summary(results.get((test, "floor")))
        if relay:
            print(f"{'a relay that only moves bytes':>19} | {relay[0]:9.0f} {relay[1]:9.0f}")
        for kind in ("ws", "rs"):
            for serializer in SERIALIZERS:
                ours, theirs = (summary(results.get((test, kind, serializer, name))) for name in ("wirebahn", "crossbar"))
                if ours or theirs:
                    ratio = f"{ours[1] / theirs[1]:8.1f}x" if ours and theirs and theirs[1] else ""
                    print(f"{kind:>8} {serializer:10} | {columns(ours)} | {columns(theirs)} | {ratio}")


def wampload(options, name, program, kind, serializer):
    """One run in a fresh router."""
    with start(name, program) as router:
        command = [options.wampload, router.websocket if kind == "ws" else router.rawsocket, REALM, serializer,
                   "--tests", options.tests, "--secs", str(options.secs), "--router-pid", str(router.process.pid)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        got = [json.loads(line) for line in run.stdout.splitlines()]
        if run.returncode or not router.is_alive():
            dead = "" if router.is_alive() else f"{name} ended with status {router.process.returncode}; "
            last = (run.stderr.strip().splitlines() or [""])[-1]
            got.append({"test": "the run", "error": f"{dead}driver's status {run.returncode}: {last}"})
        return got


def floor(options):
    """What the kernel alone takes, for the tests that have one write for each message."""
    relay = subprocess.Popen([options.floor, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        address = relay.stdout.readline().strip()
        run = subprocess.run([options.floor, "drive", address, str(relay.pid), str(options.secs)],
                             stdout=subprocess.PIPE, text=True, check=True)
        return [json.loads(line) for line in run.stdout.splitlines()]
    finally:
        relay.kill()
        relay.wait()


def summary(runs):
    """Medians: rate, rate per second of CPU time, latency."""
    if not runs:
        return None
    per_cpu = [run["per_s"] / run["router_cpu"] * 100 for run in runs if run["router_cpu"]]
    return (statistics.median(run["per_s"] for run in runs), statistics.median(per_cpu) if per_cpu else 0,
            statistics.median(run.get("p50_us", 0) for run in runs))


def columns(numbers):
    return "{:9.0f} {:9.0f} {:7.0f}".format(*numbers) if numbers else f"{'-':>9} {'-':>9} {'-':>7}"


def sessions(options, programs, problems):
    for kind in ("ws", "rs"):
        if options.cells.split(" ")[0] not in kind:
            continue
        for name, program in programs.items():
            for test, count, more in (("idle", options.idle, []), ("fanout", options.fanout, ["20"])):
                if not count:
                    continue
                with start(name, program) as router:
                    url = router.websocket if kind == "ws" else router.rawsocket
                    pids = ",".join(map(str, router.pids()))
                    run = subprocess.run([options.sessions, test, url, REALM, str(count), *more, pids],
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    if run.returncode:
                        print(f"{name} {kind} {test}: {run.stderr.strip()}")
                        if name == "wirebahn":
                            problems.append(f"{kind} {test}: {run.stderr.strip()}")
                        continue
                    got = json.loads(run.stdout)
                    if got.get("lost", 0) > 0 and name == "wirebahn":
                        problems.append(f"{kind} {test}: {got['lost']} events lost")
                    print(f"{name:9} {kind} " + ", ".join(f"{k} {v}" for k, v in got.items()))


main()
