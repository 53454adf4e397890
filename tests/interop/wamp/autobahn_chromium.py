#!/usr/bin/env python3
"""Autobahn|JS in headless Chromium against a router.   autobahn_chromium.py PROGRAM BUNDLE WS_URL ROUTER REALM

BUNDLE is page.js bundled with the package. It runs in a page that the router itself serves, so that what browsers say
about where they come from is as it will be.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from browser import Browser
from checks import Checks

LIMIT_SECONDS = 150

program, bundle, websocket, router, realm = sys.argv[1:]
checks = Checks("autobahn-js chromium")
ran = 0
failed = 0

with Browser(program) as browser, checks("it ends in time"):
    browser.open("http" + websocket.removeprefix("ws").rpartition("/")[0] + "/")
    with open(bundle) as f:
        browser.run(f.read() + "\n;0")
    options = {"label": "autobahn-js chromium", "transports": {"ws": {"type": "websocket", "url": websocket}},
               "serializers": ["json", "msgpack", "cbor"], "router": router, "realm": realm}
    browser.run(f"globalThis.scenarioEnd = undefined; runScenarios({json.dumps(options)})"
                ".then(n => { scenarioEnd = n; }, e => { scenarioLines.push('FAILED autobahn-js chromium: ' + e); scenarioEnd = 1; }); 0")
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        over = browser.run("scenarioEnd !== undefined")
        for line in browser.run("scenarioLines.splice(0)"):
            ran += 1
            failed += line.startswith("FAILED")
            print(line, flush=True)
        if over:
            break
        assert time.monotonic() < end, f"only {ran} checks within {LIMIT_SECONDS} s"
        time.sleep(0.1)
    assert ran, "no check ran"

if failed:
    sys.exit(1)
checks.end()
