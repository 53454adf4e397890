#!/usr/bin/env python3
"""Headless Chromium on the page of our router.   router_page.py PROGRAM WIREBAHN [SCREENSHOTS]

Starts `WIREBAHN router` and uses its page as a person does: subscribes, publishes, registers, calls, cancels, gives
things up, and looks at the lists of sessions, subscriptions and registrations. A second browser in the same realm shows
that all of that is live, and restarting the router that the page comes back.
With a folder as third argument it leaves screenshots of a laptop and a phone there.
"""
import base64
import json
import os
import re
import signal
import subprocess
import sys

from browser import Browser
from checks import Checks

program, wirebahn = sys.argv[1:3]
folder = sys.argv[3] if len(sys.argv) > 3 else None
checks = Checks("chromium on the router's page")


class Router:
    """The router, on a free port, or on the one that it had before."""

    def __init__(self):
        self._address = "127.0.0.1:0"
        self.start()

    def start(self):
        self._process = subprocess.Popen([wirebahn, "--log", "warn", "router", "--listen", self._address],
                                         stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        self.url = re.search(r"http://\S+/", line).group()
        self._address = self.url.removeprefix("http://").rstrip("/")

    def stop(self):
        """Ends it in order, and gives its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


def text(browser, selector):
    return browser.run(f"document.querySelector({json.dumps(selector)}).innerText")


def click(browser, selector):
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")


def fill(browser, selector, value):
    browser.run(f"document.querySelector({json.dumps(selector)}).focus(); document.querySelector({json.dumps(selector)}).select()")
    browser.type(value) if value else browser.run(f"document.querySelector({json.dumps(selector)}).value = ''")


def choose(browser, selector, value):
    browser.run(f"""(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change', {{ bubbles: true }})); }})
                    (document.querySelector({json.dumps(selector)}))""")


def joined(browser):
    browser.wait_for("document.querySelector('#state').dataset.state === 'joined'")


def wait_log(browser, kind, *parts):
    """Waits for a row of a kind with all these parts, and gives its text."""
    condition = f"""[...document.querySelectorAll('#log li.{kind}')]
        .some(row => {json.dumps(parts)}.every(part => row.innerText.includes(part)))"""
    browser.wait_for(condition)


def wait_list(browser, name, *parts):
    browser.wait_for(f"""[...document.querySelectorAll('#{name} li')]
        .some(row => {json.dumps(parts)}.every(part => row.innerText.includes(part)))""")


def wait_gone(browser, name, part):
    browser.wait_for(f"![...document.querySelectorAll('#{name} li')].some(row => row.innerText.includes({json.dumps(part)}))")


def subscribe(browser, topic, match="exact"):
    click(browser, "#tab-subscribe")
    fill(browser, "#subscribe [name=topic]", topic)
    choose(browser, "#subscribe [name=match]", match)
    browser.press_enter() if match == "exact" else click(browser, "#subscribe button.main")
    wait_log(browser, "subscribe", "Subscribed", topic)


def publish(browser, topic, args, kwargs=""):
    click(browser, "#tab-publish")
    fill(browser, "#publish [name=topic]", topic)
    fill(browser, "#publish [name=kwargs]", kwargs)
    fill(browser, "#publish [name=args]", args)
    browser.press_enter()


def register(browser, procedure, answer, value=None, delay="0"):
    click(browser, "#tab-register")
    fill(browser, "#register [name=procedure]", procedure)
    choose(browser, "#register [name=answer]", answer)
    if value is not None:
        fill(browser, f"#register [name={answer}]", value)
    fill(browser, "#register [name=delay]", delay)
    click(browser, "#register button.main")
    wait_log(browser, "register", "Registered", procedure)


def call(browser, procedure, args, kwargs=""):
    click(browser, "#tab-call")
    fill(browser, "#call [name=procedure]", procedure)
    fill(browser, "#call [name=kwargs]", kwargs)
    fill(browser, "#call [name=args]", args)
    browser.press_enter()


with Router() as router, Browser(program) as browser:
    url = router.url
    with checks("the page joins the realm"):
        browser.open(url)
        joined(browser)
        assert browser.run("document.querySelector('#realm').value") == "realm1"
        wait_list(browser, "sessions", "this page")

    with checks("what is published comes back as an event"):
        subscribe(browser, "com.example.topic")
        publish(browser, "com.example.topic", '[1, "Grüße, 世界", null]', '{"k": [true]}')
        wait_log(browser, "publish", "com.example.topic", "publication")
        wait_log(browser, "event", "com.example.topic", '[1,"Grüße, 世界",null] {"k":[true]}')
        wait_list(browser, "subscriptions", "com.example.topic", "1 subscriber")

    with checks("the brackets of arguments may be left out"):
        publish(browser, "com.example.topic", '2, "two"', '"k": 1')
        wait_log(browser, "event", '[2,"two"] {"k":1}')

    with checks("what is not JSON is explained at the field"):
        publish(browser, "com.example.topic", "[1,")
        assert "not JSON" in text(browser, "#publish-problem"), text(browser, "#publish-problem")
        assert browser.run("document.querySelector('#publish [name=args]').getAttribute('aria-invalid')") == "true"

    with checks("pattern subscriptions get the events of other topics"):
        subscribe(browser, "com.example.prefix", "prefix")
        subscribe(browser, "com..wild", "wildcard")
        publish(browser, "com.example.prefix.deep", "[3]")
        wait_log(browser, "event", "com.example.prefix.deep", "[3]")
        publish(browser, "com.any.wild", "[4]")
        wait_log(browser, "event", "com.any.wild", "[4]")
        wait_list(browser, "subscriptions", "com..wild", "wildcard")

    with checks("a procedure that the page registers can be called"):
        register(browser, "com.example.add", "sum")
        wait_list(browser, "registrations", "com.example.add", "1 callee")
        call(browser, "com.example.add", "[2, 3, 4.5]")
        wait_log(browser, "invocation", "com.example.add", "[2,3,4.5]")
        wait_log(browser, "result", "com.example.add", "[9.5]", "ms")

    with checks("arguments, fixed results and errors are answered with"):
        register(browser, "com.example.echo", "echo")
        call(browser, "com.example.echo", '["a"]', '{"b": 2}')
        wait_log(browser, "result", "com.example.echo", '["a"] {"b":2}')
        register(browser, "com.example.fixed", "fixed", '["fixed", 42]')
        call(browser, "com.example.fixed", "")
        wait_log(browser, "result", "com.example.fixed", '["fixed",42]')
        register(browser, "com.example.fails", "error", "com.example.error.broken")
        call(browser, "com.example.fails", "[7]")
        wait_log(browser, "error", "com.example.fails", "com.example.error.broken", "[7]")

    with checks("a call of what is not there is an error"):
        call(browser, "com.example.nowhere", "")
        wait_log(browser, "error", "com.example.nowhere", "wamp.error.no_such_procedure")

    with checks("a call is cancelled"):
        register(browser, "com.example.slow", "echo", delay="600000")
        call(browser, "com.example.slow", "")
        wait_log(browser, "invocation", "com.example.slow")
        browser.run("[...document.querySelectorAll('#log .call')].at(-1).querySelector('button').click()")
        wait_log(browser, "invocation", "Interrupted", "com.example.slow")
        wait_log(browser, "error", "com.example.slow", "wamp.error.canceled")

    with checks("what is given up is gone"):
        browser.run("document.querySelector('[aria-label=\"Unsubscribe from com.example.topic\"]').click()")
        wait_log(browser, "subscribe", "Unsubscribed", "com.example.topic")
        wait_gone(browser, "subscriptions", "com.example.topic")
        browser.run("document.querySelector('[aria-label=\"Unregister com.example.add\"]').click()")
        wait_log(browser, "register", "Unregistered", "com.example.add")
        wait_gone(browser, "registrations", "com.example.add")
        call(browser, "com.example.add", "")
        wait_log(browser, "error", "com.example.add", "wamp.error.no_such_procedure")

    with Browser(program) as other, checks("another page is seen coming, subscribing, calling and going"):
        other.open(url)
        joined(other)
        browser.wait_for("document.querySelector('#sessions .count').textContent === '2'")
        subscribe(other, "com.example.other")
        wait_list(browser, "subscriptions", "com.example.other", "1 subscriber")
        subscribe(browser, "com.example.other")
        wait_list(browser, "subscriptions", "com.example.other", "2 subscribers")
        publish(browser, "com.example.other", '["to both"]')
        wait_log(other, "event", "com.example.other", '["to both"]')
        wait_log(browser, "event", "com.example.other", '["to both"]')
        call(other, "com.example.echo", '["from the other"]')
        wait_log(other, "result", "com.example.echo", '["from the other"]')
        wait_log(browser, "invocation", "com.example.echo", '["from the other"]')
    with checks("what the other page had goes with it"):
        browser.wait_for("document.querySelector('#sessions .count').textContent === '1'")
        wait_list(browser, "subscriptions", "com.example.other", "1 subscriber")

    with checks("the log is bounded, and cleared"):
        browser.run("document.querySelector('#publish [name=acknowledge]').checked = false")
        click(browser, "#tab-publish")
        browser.run("for (let i = 0; i < 600; i++) document.querySelector('#publish').requestSubmit()")
        browser.wait_for("document.querySelectorAll('#log li').length === 500")

    with checks("messages are plotted"):
        browser.wait_for("document.querySelectorAll('#plot path.in').length === 1")
        browser.wait_for("document.querySelector('#plot').getAttribute('aria-label').includes('messages per second')")

    if folder:
        click(browser, "#clear")
        publish(browser, "com.example.other", '["Hello, world"]')
        call(browser, "com.example.echo", '["Hello"]', '{"from": "this page"}')
        wait_log(browser, "result", "com.example.echo", "Hello")
        os.makedirs(folder, exist_ok=True)
        for name, width, height, dark in (("router-laptop", 1280, 800, False), ("router-laptop-dark", 1280, 800, True),
                                          ("router-phone", 390, 844, False), ("router-phone-dark", 390, 844, True)):
            browser.screen(width, height, dark)
            with open(os.path.join(folder, name + ".png"), "wb") as f:
                f.write(base64.b64decode(browser.screenshot()))

    with checks("the page says when it is disconnected, and comes back with what it held"):
        click(browser, "#clear")
        assert router.stop() == 0
        browser.wait_for("document.querySelector('#state').dataset.state === 'waiting'")
        assert text(browser, "#state").startswith("Again in "), text(browser, "#state")
        assert "wamp.close.system_shutdown" in text(browser, "#problem"), text(browser, "#problem")
        assert browser.run("document.querySelector('#call button.main').disabled")
        router.start()
        joined(browser)
        wait_log(browser, "subscribe", "Subscribed again", "com.example.other")
        wait_log(browser, "register", "Registered again", "com.example.echo")
        call(browser, "com.example.echo", '["again"]')
        wait_log(browser, "result", "com.example.echo", '["again"]')

    with checks("nothing sticks out on a phone, and everything has a name"):
        browser.screen(390, 844)
        assert browser.run("document.documentElement.scrollWidth") <= 390
        unnamed = browser.run("""[...document.querySelectorAll('input, select, textarea, button')]
            .filter(e => !(e.labels?.length || e.innerText?.trim() || e.getAttribute('aria-label'))).map(e => e.outerHTML)""")
        assert not unnamed, unnamed

    with checks("a realm that is not there is refused for good, and another one can be chosen"):
        fill(browser, "#realm", "no.such.realm")
        browser.press_enter()
        browser.wait_for("document.querySelector('#state').dataset.state === 'refused'")
        assert "wamp.error.no_such_realm" in text(browser, "#problem"), text(browser, "#problem")
        fill(browser, "#realm", "realm1")
        browser.press_enter()
        joined(browser)

    with checks("the router ends in order while a page is connected"):
        assert router.stop() == 0

checks.end()
