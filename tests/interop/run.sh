#!/usr/bin/env bash
# Exchanges messages with WebSocket and WAMP code that others wrote.
#   bash tests/interop/run.sh [--strict]
# Clients against `wirebahn echo`: Python websockets and aiohttp, npm ws, headless Chromium on the echo page.
# Headless Chromium on the page of `wirebahn router`.
# Servers for `wirebahn connect`: Python websockets and aiohttp, npm ws.
# Both ends of `wirebahn tunnel`: websockify, and Autobahn's wrapping.
# Compression with each backend: Python's zlib message by message; Python websockets and autobahn and npm ws, both ways,
# with every combination of parameters that they offer. permessage-bzip2, -snappy and -brotli with autobahn.
# Clients against `wirebahn router`: Autobahn|Python on asyncio and Twisted, Autobahn|JS in node and in headless
# Chromium, our own, one that breaks every rule, and some that do not read. Our client also against Crossbar, and the
# commands call, publish, subscribe and register with components of Autobahn|Python on both.
# A peer that is not there is SKIPPED; with --strict, or where CI is set, that is a failure. Versions are pinned in
# requirements.txt, crossbar.txt and package.json; everything is installed into tests/.cache/interop, Chromium by apt-get
# where we may (and then on the machine).
# Environment:
#   INTEROP_CACHE   where the peers are installed and logs and screenshots are left, by default tests/.cache/interop
#   WIREBAHN        a wirebahn command to test instead of the one built here
#   CHROMIUM        a Chromium to use instead of the one on the PATH
#   ROUTER          wirebahn (the default), or crossbar to try the WAMP clients' scripts on that router instead
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

STRICT="${CI:+1}"
case "${1:-}" in
    --strict) STRICT=1 ;;
    "") ;;
    *) die "usage: run.sh [--strict]" ;;
esac

HERE="$ROOT/tests/interop"
INSTALLED="${INTEROP_CACHE:-$CACHE/interop}"
mkdir -p "$INSTALLED"
PYTHON="$INSTALLED/venv/bin/python"
WAMP="$HERE/wamp"
PAGE="$INSTALLED/page.js"
ROUTER="${ROUTER:-wirebahn}"
export NODE_PATH="$INSTALLED/node_modules"
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# --- installing --------------------------------------------------------------
install_node() {
    command -v node > /dev/null && command -v npm > /dev/null || return 1
    up_to_date "$HERE/package.json" "$INSTALLED/node_modules/installed.json" && return 0
    cp "$HERE/package.json" "$INSTALLED/package.json"
    (cd "$INSTALLED" && npm install --silent --no-audit --no-fund --ignore-scripts) \
        && cp "$HERE/package.json" "$INSTALLED/node_modules/installed.json"
}

# The scenarios of Autobahn|JS in one file for a page, with what the package expects of node.
bundle_page() {
    node "$INSTALLED/node_modules/esbuild/bin/esbuild" "$WAMP/page.js" --outfile="$PAGE" --bundle --platform=browser \
        --define:global=globalThis --alias:stream=stream-browserify --inject:"$WAMP/page_shim.js" \
        --external:crypto --external:fs --log-level=warning
}

install_chromium() {
    CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}"
    [ -z "$CHROMIUM" ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || return 1
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core \
        && CHROMIUM="$(command -v chromium)"
}

# --- running -----------------------------------------------------------------
LOG="$INSTALLED/checks.log"
: > "$LOG"

# A line for something that counts as one failed check.
failed() { echo "FAILED $*" | tee -a "$LOG"; }

skipped() {
    if [ -n "$STRICT" ]; then
        failed "$1: it is not installed"
    else
        echo "SKIPPED $1: IT IS NOT INSTALLED" | tee -a "$LOG"
    fi
}

# run NAME COMMAND...: the command prints a line for each check; if it breaks down without one, that is a failure too.
run() {
    local name="$1" log="$INSTALLED/current.log" ok=0
    shift
    timeout 320 "$@" 2>&1 | tee "$log" || ok=$?
    cat "$log" >> "$LOG"
    if [ "$ok" != 0 ] && ! grep -q '^FAILED ' "$log"; then
        failed "$name: ended with status $ok"
    fi
}

cd "$ROOT"
build_command
build_programs deflate-peer

cargo build --quiet -p wirebahn-tests --bin wamp-client
CLIENT="$(debug_folder)/wamp-client"
case "$ROUTER" in
    wirebahn | crossbar) ;;
    *) die "ROUTER is wirebahn or crossbar, not $ROUTER" ;;
esac

has_python=1 has_node=1 has_chromium=1
install_python "$HERE/requirements.txt" "$INSTALLED/venv" > "$INSTALLED/python.log" 2>&1 \
    || { has_python=; tail -n 5 "$INSTALLED/python.log"; }
install_node > "$INSTALLED/node.log" 2>&1 || { has_node=; tail -n 5 "$INSTALLED/node.log"; }
install_chromium > "$INSTALLED/chromium.log" 2>&1 || { has_chromium=; tail -n 5 "$INSTALLED/chromium.log"; }

trap stop_echo EXIT
start_echo "$WIREBAHN" "$INSTALLED/echo.log" --compress

for peer in websockets aiohttp; do
    if [ -n "$has_python" ]; then
        run "$peer as client" "$PYTHON" "$HERE/clients.py" "$peer" "$ECHO_URL"
        run "$peer as server" "$PYTHON" "$HERE/command.py" "$WIREBAHN" "$peer" -- "$PYTHON" "$HERE/servers.py" "$peer"
    else
        skipped "Python $peer, as client and as server"
    fi
done
if [ -n "$has_python" ]; then
    run "tunnel" "$PYTHON" "$HERE/tunnel.py" "$WIREBAHN"
else
    skipped "websockify and Autobahn's wrapping"
fi
# command.py and the browser's driver are Python, so Node and Chromium wait for it as well.
if [ -n "$has_python" ] && [ -n "$has_node" ]; then
    run "ws as client" node "$HERE/client.js" "$ECHO_URL"
    run "ws as server" "$PYTHON" "$HERE/command.py" "$WIREBAHN" ws -- node "$HERE/server.js"
else
    skipped "npm ws, as client and as server"
fi
if [ -n "$has_python" ] && [ -n "$has_chromium" ]; then
    run "chromium" "$PYTHON" "$HERE/chromium.py" "$CHROMIUM" "http${ECHO_URL#ws}" "$INSTALLED/screenshots"
    run "chromium on the router's page" "$PYTHON" "$HERE/router_page.py" "$CHROMIUM" "$WIREBAHN" "$INSTALLED/screenshots"
else
    skipped "Chromium"
fi

for backend in miniz_oxide zlib-rs; do
    stop_echo
    start_echo "$WIREBAHN" "$INSTALLED/echo.log" "--compress=backend=$backend,threshold=0"
    if [ -n "$has_python" ]; then
        run "zlib and $backend" "$PYTHON" "$HERE/zlib_peer.py" "$(release_folder)/deflate-peer" "$backend"
    else
        skipped "Python's zlib"
    fi
    for peer in websockets autobahn ws; do
        if [ -n "$has_python" ] && { [ "$peer" != ws ] || [ -n "$has_node" ]; }; then
            run "$peer compressing" "$PYTHON" "$HERE/compression.py" "$peer" "$WIREBAHN" "$backend" "$ECHO_URL"
        else
            skipped "$peer, compressing"
        fi
    done
done
for extension in bzip2 snappy brotli; do
    stop_echo
    start_echo "$WIREBAHN" "$INSTALLED/echo.log" "--compress=$extension"
    if [ -n "$has_python" ]; then
        run "autobahn compressing" "$PYTHON" "$HERE/compression.py" autobahn "$WIREBAHN" "$extension" "$ECHO_URL"
    else
        skipped "autobahn, compressing with $extension"
    fi
done

has_crossbar=1
install_python "$HERE/crossbar.txt" "$INSTALLED/crossbar" > "$INSTALLED/crossbar-install.log" 2>&1 \
    || { has_crossbar=; tail -n 5 "$INSTALLED/crossbar-install.log"; }

# with_router ROUTER NAME COMMAND...: runs a client with a router of its own; @ws, @rs and @pid in the command are its
# URLs and process. What clients and router log goes to files.
with_router() {
    local router="$1" name="$2" log="$INSTALLED/${2// /-}" program="$WIREBAHN"
    shift 2
    [ "$router" = wirebahn ] || program="$INSTALLED/crossbar/bin/crossbar"
    run "$name" bash -c '"$@" 2> '"'$log.log'" - \
        "$PYTHON" "$WAMP/serve.py" "$router" "$program" --log "$log-router.log" -- "$@"
}

if [ -n "$has_python" ]; then
    if [ "$ROUTER" = wirebahn ]; then
        more=(--batched)
        with_router wirebahn "wire probes" "$PYTHON" "$WAMP/break_rules.py" @ws @rs
        with_router wirebahn "slow peers" "$PYTHON" "$WAMP/slow.py" @ws @rs @pid
        with_router wirebahn "our client on our router" "$CLIENT" @ws @rs realm1
    else
        more=()
    fi
    for framework in asyncio twisted; do
        with_router "$ROUTER" "autobahn-python on $framework" \
            "$PYTHON" "$WAMP/autobahn_python.py" "$framework" @ws @rs --router "$ROUTER" ${more[@]+"${more[@]}"}
    done
    with_router "$ROUTER" "commands and autobahn-python" "$PYTHON" "$WAMP/commands.py" "$WIREBAHN" "$ROUTER" @ws @rs
else
    skipped "Autobahn|Python, and the wire probes"
fi
if [ -n "$has_python" ] && [ -n "$has_node" ]; then
    with_router "$ROUTER" "autobahn-js on node" node "$WAMP/autobahn_node.js" @ws @rs "$ROUTER" realm1
else
    skipped "Autobahn|JS under node"
fi
if [ -n "$has_python" ] && [ -n "$has_node" ] && [ -n "$has_chromium" ] && bundle_page; then
    with_router "$ROUTER" "autobahn-js in chromium" \
        "$PYTHON" "$WAMP/autobahn_chromium.py" "$CHROMIUM" "$PAGE" @ws "$ROUTER" realm1
else
    skipped "Autobahn|JS in Chromium"
fi
if [ -n "$has_python" ] && [ -n "$has_crossbar" ]; then
    with_router crossbar "our client on crossbar" "$CLIENT" @ws @rs realm1
    with_router crossbar "our commands on crossbar" "$PYTHON" "$WAMP/commands.py" "$WIREBAHN" crossbar @ws @rs
else
    skipped "Crossbar, for our client"
fi

kill -0 "$ECHO_PID" 2> /dev/null || failed "echo server: it ended during the run: $(tail -n 5 "$INSTALLED/echo.log.err")"

count() { grep -c "^$1 " "$LOG" || true; }
missing="$(count SKIPPED)"
[ "$missing" = 0 ] || echo "$missing SKIPPED: see above"
echo "$(count ok) passed, $(count FAILED) failed"
[ "$(count FAILED)" = 0 ] && [ "$(count ok)" != 0 ]
