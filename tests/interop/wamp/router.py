"""Routers to talk to: ours, and Crossbar, each started on free loopback ports and ended with the block that uses it."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

REALM = "realm1"
START_SECONDS = 60
STOP_SECONDS = 10


class Router:
    """A running router: its URLs, and the process to look at (and only look at)."""

    def __init__(self, name, process, websocket, rawsocket):
        self.name, self.process, self.websocket, self.rawsocket = name, process, websocket, rawsocket

    def is_alive(self):
        return self.process.poll() is None

    def pids(self):
        """The process and everything below it: Crossbar's worker is a process of its own."""
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as f:
                        parents[int(entry)] = int(f.read().rpartition(")")[2].split()[1])
                except OSError:
                    pass
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


class start:
    """`with start("crossbar", "path/to/crossbar") as router:` for either name; `command` is the program.

    `config` replaces our router's configuration file (TOML text with `{port}` where the port goes).
    """

    def __init__(self, name, command, log=None, config=None):
        self._name, self._command, self._config = name, command, config
        self._home = tempfile.mkdtemp(prefix=f"wirebahn-{name}-")
        self._log = open(log or os.path.join(self._home, "log"), "wb")
        self._process = None

    def __enter__(self):
        try:
            run = {"crossbar": self._crossbar, "wirebahn": self._wirebahn}[self._name]
            websocket, rawsocket = run()
            router = Router(self._name, self._process, websocket, rawsocket)
            self._wait_until_open(router)
            return router
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self._process is not None:
            for sig in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self._process.pid, sig)
                    self._process.wait(STOP_SECONDS)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _crossbar(self):
        port, raw = free_port(), free_port()
        folder = os.path.join(self._home, ".crossbar")
        os.mkdir(folder)
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump(crossbar_config(port, raw), f)
        self._spawn([self._command, "start", "--cbdir", folder, "--loglevel", "warn", "--color", "false"])
        return f"ws://127.0.0.1:{port}/ws", f"rs://127.0.0.1:{raw}"

    def _wirebahn(self):
        port = free_port()
        arguments = ["--listen", f"127.0.0.1:{port}"]
        if self._config is not None:
            file = os.path.join(self._home, "router.toml")
            with open(file, "w") as f:
                f.write(self._config.replace("{port}", str(port)))
            arguments = ["--config", file]
        self._spawn([self._command, "router", *arguments])
        return f"ws://127.0.0.1:{port}/ws", f"rs://127.0.0.1:{port}"

    def _spawn(self, command):
        self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, cwd=self._home,
                                         stdin=subprocess.DEVNULL, start_new_session=True)

    def _wait_until_open(self, router):
        end = time.monotonic() + START_SECONDS
        for url in (router.websocket, router.rawsocket):
            address = address_of(url)
            while True:
                try:
                    socket.create_connection(address, 1).close()
                    break
                except OSError:
                    if not router.is_alive() or time.monotonic() > end:
                        self._log.flush()
                        with open(self._log.name, errors="replace") as f:
                            raise RuntimeError(f"{self._name} did not start: {f.read()[-600:]}") from None
                    time.sleep(0.05)


def crossbar_config(port, raw):
    serializers = ["json", "msgpack", "cbor"]
    permissions = [{"uri": "", "match": "prefix", "allow": dict.fromkeys(["call", "register", "publish", "subscribe"], True)}]
    return {
        "version": 2,
        "workers": [{
            "type": "router",
            "realms": [{"name": REALM, "roles": [{"name": "anonymous", "permissions": permissions}]}],
            "transports": [
                {"type": "websocket", "serializers": serializers,
                 "endpoint": {"type": "tcp", "port": port, "interface": "127.0.0.1", "backlog": 1024}},
                {"type": "rawsocket", "serializers": serializers,
                 "endpoint": {"type": "tcp", "port": raw, "interface": "127.0.0.1", "backlog": 1024}},
            ],
        }],
    }


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def address_of(url):
    host, _, port = url.split("://")[1].split("/")[0].partition(":")
    return host, int(port)


def resident_kib(pids):
    """The memory that these processes hold."""
    return sum(_status_kib(pid, "VmRSS") for pid in pids)


class peak_memory:
    """Watches what `measure` gives while the block runs: `.kib` is the highest that was seen."""

    def __init__(self, measure, every=0.02):
        self._measure, self._every = measure, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.kib = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        while not self._stop.wait(self._every):
            self.kib = max(self.kib, self._measure())


def _status_kib(pid, key):
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(line.split()[1]) for line in f if line.startswith(key + ":")), 0)
    except OSError:
        return 0
