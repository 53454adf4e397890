# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for the scripts that source this file
# What the scripts in this folder share; source it, don't run it.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="$ROOT/tests/.cache"

# Where to find the conformance kit, which lives outside this repository.
SHARED="${WIREBAHN_SHARED:-$ROOT/../shared}"

die() {
    echo "$(basename "$(dirname "$0")"): $*" >&2
    exit 2
}

# up_to_date WANTED STAMP: whether what STAMP says was installed is what WANTED asks for.
up_to_date() { cmp -s "$1" "$2"; }

# install_python REQUIREMENTS FOLDER: a virtual environment of its own for each list, for they may contradict each other.
install_python() {
    command -v python3 > /dev/null || return 1
    up_to_date "$1" "$2/installed.txt" && return 0
    rm -rf "$2"
    python3 -m venv "$2" \
        && "$2/bin/python" -m pip install --quiet -r "$1" \
        && cp "$1" "$2/installed.txt"
}

# Where cargo puts binaries.
debug_folder() { echo "${CARGO_TARGET_DIR:-$ROOT/target}/debug"; }
release_folder() { echo "${CARGO_TARGET_DIR:-$ROOT/target}/release"; }

# All suites build with the same features, so that whatever runs first builds for all.

# The command as a release build: sets WIREBAHN, unless the environment says which one to use.
build_command() {
    [ -z "${WIREBAHN:-}" ] || return 0
    cargo build --release --quiet -p wirebahn --features zlib-rs,bzip2,snappy,brotli
    WIREBAHN="$(release_folder)/wirebahn"
}

# build_programs NAME...: programs of this folder as release builds, to be found in release_folder.
build_programs() {
    local bins=() name
    for name in "$@"; do bins+=(--bin "$name"); done
    cargo build --release --quiet -p wirebahn-tests --features zlib-rs "${bins[@]}"
}

# A server of ours in the background: sets ECHO_PID and ECHO_URL (ws://127.0.0.1:PORT/).
#   start_echo COMMAND LOG [OPTION...]
start_echo() {
    local command="$1" log="$2" tries=0 line
    shift 2
    "$command" echo --listen 127.0.0.1:0 "$@" > "$log" 2> "$log.err" &
    ECHO_PID=$!
    until [ "$(wc -l < "$log")" -ge 1 ]; do
        kill -0 "$ECHO_PID" 2> /dev/null || die "the echo server ended at once: $(tail -n 5 "$log.err")"
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || die "the echo server did not say where it listens within 10 s"
        sleep 0.05
    done
    line="$(head -n 1 "$log")"
    case "$line" in
        "listening on ws://"*) ECHO_URL="${line#listening on }" ;;
        *) die "the echo server's first line is not 'listening on ws://...': $line" ;;
    esac
}

# Ends what start_echo started, and nothing else.
stop_echo() {
    [ -n "${ECHO_PID:-}" ] || return 0
    kill "$ECHO_PID" 2> /dev/null || true
    wait "$ECHO_PID" 2> /dev/null || true
    ECHO_PID=
}
