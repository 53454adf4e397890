"""Headless Chromium, driven over the DevTools protocol."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

FLAGS = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
         "--remote-debugging-port=0"]
START_SECONDS = 60
ANSWER_SECONDS = 30


class PageError(Exception):
    """The page threw, or a condition did not come true in time."""


class Browser:
    """One browser with one tab. Use it in a `with` block: leaving it ends the browser and removes its profile."""

    def __init__(self, program):
        self._home = tempfile.mkdtemp(prefix="wirebahn-chromium-")
        # Chromium refuses its sandbox to root, who is who runs it in a container.
        flags = FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        self._process = subprocess.Popen([program, *flags, f"--user-data-dir={self._home}", "about:blank"],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self._id = 0
        self._socket = None
        try:
            self._socket = connect(self._endpoint(), max_size=None, proxy=None, compression=None)
            targets = self._call("Target.getTargets")["targetInfos"]
            tab = next(t["targetId"] for t in targets if t["type"] == "page")
            self._session = None
            self._session = self._call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
            self._call("Page.enable")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self, url):
        """Opens a page and returns once it has loaded."""
        error = self._call("Page.navigate", url=url).get("errorText")
        if error:
            raise PageError(f"{url}: {error}")
        self.wait_for("document.readyState === 'complete'")

    def run(self, script):
        """The value of a JavaScript expression; promises are awaited."""
        got = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in got:
            details = got["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return got["result"].get("value")

    def wait_for(self, condition, seconds=15):
        """Waits until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"!!({condition})"):
            if time.monotonic() > end:
                raise PageError(f"not within {seconds} s: {condition}")
            time.sleep(0.02)

    def type(self, text):
        """Puts text where the focus is, as a keyboard would."""
        self._call("Input.insertText", text=text)

    def press_enter(self):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        self._call("Input.dispatchKeyEvent", type="keyDown", **key)
        self._call("Input.dispatchKeyEvent", type="keyUp", **key)

    def screen(self, width, height, dark=False):
        """Sets the size of the page and the colour scheme it is asked for."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self._call("Emulation.setEmulatedMedia",
                   features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self):
        """The visible part of the page, as base64 of a PNG."""
        return self._call("Page.captureScreenshot")["data"]

    def close(self):
        try:
            if self._socket is not None:
                self._session = None
                self._call("Browser.close")
                self._socket.close()
                self._process.wait(10)
        except (OSError, PageError, TimeoutError, WebSocketException, subprocess.TimeoutExpired):
            pass
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sig)
            except ProcessLookupError:
                break
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        shutil.rmtree(self._home, ignore_errors=True)

    def _endpoint(self):
        port_file = os.path.join(self._home, "DevToolsActivePort")
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                with open(port_file) as f:
                    port, path = f.read().split()
                return f"ws://127.0.0.1:{port}{path}"
            except (OSError, ValueError):
                pass
            if self._process.poll() is not None:
                raise PageError(f"the browser ended with status {self._process.returncode}")
            time.sleep(0.05)
        raise PageError(f"the browser did not start within {START_SECONDS} s")

    def _call(self, method, **params):
        self._id += 1
        call = {"id": self._id, "method": method, "params": params}
        if getattr(self, "_session", None):
            call["sessionId"] = self._session
        self._socket.send(json.dumps(call))
        while True:
            answer = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]
