#!/usr/bin/env python3
"""Malformed and out-of-place messages, octet by octet.   break_rules.py WS_URL RS_URL [--router NAME] [--only TEXT]

A failed check prints the messages that went over the wire. Other routers than ours are measured by the same checks, but
have no status to lose.
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from checks import Checks
from probes import messages, payloads, sessions, transports
from probes.probe import SERIALIZERS, Probe
from wire import Wire

GROUPS = [messages.out_of_place, messages.malformed, sessions.session_rules, sessions.requests, payloads.payloads]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("websocket")
    parser.add_argument("rawsocket")
    parser.add_argument("--router", default="wirebahn")
    parser.add_argument("--only", default="")
    parser.add_argument("--patience", type=float, default=Wire.patience, help="seconds until no answer counts as silence")
    options = parser.parse_args()
    Wire.patience = options.patience
    all_checks = []
    for url in (options.websocket, options.rawsocket):
        kind = url.split(":")[0]
        for serializer in SERIALIZERS:
            checks = Checks(f"probe {kind} {serializer}")
            all_checks.append(checks)
            p = Probe(url, serializer, checks, options.only)
            for group in (*GROUPS, transports.rawsocket_frames if kind == "rs" else transports.websocket_frames):
                group(p)
            if serializer == "json":
                (transports.rawsocket_handshake if kind == "rs" else transports.subprotocols)(p, url)
    sys.exit(options.router == "wirebahn" and any(checks.failed for checks in all_checks))


main()
