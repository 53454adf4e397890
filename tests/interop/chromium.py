#!/usr/bin/env python3
"""Headless Chromium on the page of our echo server.   chromium.py PROGRAM HTTP_URL [SCREENSHOTS]

Uses the page as a person does: types, presses Enter, switches to binary, closes with a code and a reason, reconnects.
With a folder as third argument it leaves screenshots of a laptop and a phone there.
"""
import base64
import json
import os
import sys

from browser import Browser
from checks import Checks

program, url = sys.argv[1:3]
folder = sys.argv[3] if len(sys.argv) > 3 else None
checks = Checks("chromium")


def state(browser):
    return browser.run("document.querySelector('#state').dataset.state")


def wait_state(browser, name):
    browser.wait_for(f"document.querySelector('#state').dataset.state === {json.dumps(name)}")


def wait_log(browser, text):
    browser.wait_for(f"document.querySelector('#log').textContent.includes({json.dumps(text)})")


def fill(browser, selector, text):
    browser.run(f"document.querySelector('{selector}').focus(); document.querySelector('{selector}').select()")
    browser.type(text)


def last_received(browser):
    return browser.run("[...document.querySelectorAll('#log .in .what')].at(-1)?.textContent ?? ''")


with Browser(program) as browser:
    with checks("the page connects to where it came from"):
        browser.open(url)
        wait_state(browser, "open")

    with checks("a text typed and sent with Enter comes back"):
        text = "Grüße, 世界 \U0001F600"
        fill(browser, "#message", text)
        browser.press_enter()
        browser.wait_for("document.querySelectorAll('#log .in').length === 1")
        assert text in last_received(browser), last_received(browser)

    with checks("a binary message sent with the button comes back as bytes"):
        browser.run("document.querySelector('#binary').click()")
        fill(browser, "#message", "\u00ff bin")
        browser.run("document.querySelector('#send').click()")
        browser.wait_for("document.querySelectorAll('#log .in').length === 2")
        assert "c3 bf 20 62 69 6e" in last_received(browser), last_received(browser)

    with checks("fifty round trips are timed"):
        browser.run("document.querySelector('#measure').click()")
        wait_log(browser, "50 round trips: ")
        assert browser.run("document.querySelector('#count').textContent") == "52"

    if folder:
        os.makedirs(folder, exist_ok=True)
        for name, width, height, dark in (("laptop", 1280, 800, False), ("laptop-dark", 1280, 800, True),
                                          ("phone", 390, 844, False), ("phone-dark", 390, 844, True)):
            browser.screen(width, height, dark)
            with open(os.path.join(folder, name + ".png"), "wb") as f:
                f.write(base64.b64decode(browser.screenshot()))

    with checks("a close code that browsers may not send is explained and keeps the connection"):
        fill(browser, "#code", "999")
        browser.run("document.querySelector('#close').click()")
        assert "3000" in browser.run("document.querySelector('#problem').textContent")
        assert state(browser) == "open", state(browser)

    with checks("a close code and reason come back and the close is clean"):
        fill(browser, "#code", "4001")
        fill(browser, "#reason", "enough für heute")
        browser.run("document.querySelector('#close').click()")
        wait_state(browser, "closed")
        wait_log(browser, "Closed cleanly with 4001")

    with checks("the page reconnects"):
        browser.run("document.querySelector('#reconnect').click()")
        wait_state(browser, "open")

    # What the page itself does not show: sizes around the frame format's borders, and a close with no code.
    with checks("messages of every length class come back unchanged"):
        outcome = browser.run("""new Promise((resolve, reject) => {
            const sizes = [0, 1, 125, 126, 127, 65535, 65536, 300000];
            const all = sizes.flatMap(n => ['\\u00e9'.repeat(n / 2), Uint8Array.from({ length: n }, (_, i) => i * 7)]);
            const same = (a, b) => typeof a === 'string' ? a === b
                : b instanceof ArrayBuffer && b.byteLength === a.length && new Uint8Array(b).every((v, i) => v === a[i]);
            const ws = new WebSocket(location.href.replace(/^http/, 'ws') + 'sizes?of=messages');
            ws.binaryType = 'arraybuffer';
            let n = 0;
            ws.onopen = () => ws.extensions.startsWith('permessage-deflate') ? all.forEach(m => ws.send(m))
                : reject(new Error('not compressed: ' + ws.extensions));
            ws.onmessage = e => {
                if (!same(all[n], e.data)) reject(new Error('message ' + n + ' came back changed'));
                if (++n === all.length) ws.close();
            };
            ws.onclose = e => resolve([n, e.code, e.wasClean]);
        })""")
        echoes, code, clean = outcome
        assert echoes == 16 and code in (1000, 1005) and clean, outcome

checks.end()
