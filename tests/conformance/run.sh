#!/usr/bin/env bash
# Runs AutobahnTestsuite against our echo server and our client.
#   bash tests/conformance/run.sh [server|client|all] [SUITE]
# SUITE: core (301 cases, the default), full (517, with compression), fast (247), limits, deflate, or a list of case
# patterns such as 1.*,9.1.6
# Environment:
#   WS_DEFLATE_COUNT     messages per compression case, by default 50 (1000 in the original)
#   BACKENDS             what compresses: by default zlib-rs, and miniz_oxide for the compression cases once more
#   WIREBAHN_SHARED      the folder that has the kit, by default ../shared beside this repository
#   CONFORMANCE_CACHE    where the suite is installed and its reports are left, by default tests/.cache/conformance
#   WIREBAHN             a wirebahn command to test instead of the one built here
#   CONFORMANCE_CLIENT   the same for the client
#   CONFORMANCE_ADAPTER  what to test: tokio, smol, async-std or blocking; by default the wirebahn command as the server,
#                        and tokio as the client
# The exit status is 0 only if every case is OK or INFORMATIONAL, closing included, and none is missing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

usage() { die "usage: run.sh [server|client|all] [SUITE]"; }

[ $# -le 2 ] || usage
SIDE="${1:-all}" SUITE="${2:-core}"
case "$SIDE" in server | client | all) ;; *) usage ;; esac

KIT="$SHARED/conformance"
[ -r "$KIT/run_server_suite.sh" ] || die "no conformance kit in $KIT (WIREBAHN_SHARED names the folder it is in)"
export CONFORMANCE_CACHE="${CONFORMANCE_CACHE:-$CACHE/conformance}"
mkdir -p "$CONFORMANCE_CACHE"
# What the summary counts as passed is not for the environment to widen.
unset SUMMARY_ARGS WS_EXCLUDE
export WS_DEFLATE_COUNT="${WS_DEFLATE_COUNT:-50}"

cd "$ROOT"
if [ "$SIDE" != client ] && [ -n "${CONFORMANCE_ADAPTER:-}" ]; then
    build_programs conformance-echo
    WIREBAHN="$(release_folder)/conformance-echo"
elif [ "$SIDE" != client ]; then
    build_command
fi
if [ "$SIDE" != server ] && [ -z "${CONFORMANCE_CLIENT:-}" ]; then
    build_programs conformance-client
    CONFORMANCE_CLIENT="$(release_folder)/conformance-client"
fi
bash "$KIT/setup.sh" > "$CONFORMANCE_CACHE/setup.log" 2>&1 || {
    tail -n 20 "$CONFORMANCE_CACHE/setup.log" >&2
    die "the kit's setup failed"
}

trap stop_echo EXIT
summary="" status=0

# suite NAME CASES SCRIPT ARGUMENTS...: runs one side and keeps its last line for the summary.
suite() {
    local name="$1" cases="$2" log="$CONFORMANCE_CACHE/$1-$2.log" ok=0
    shift 2
    echo "== conformance: $name, suite $cases"
    bash "$@" "$cases" 2>&1 | tee "$log" || ok=$?
    [ "$ok" = 0 ] || status=1
    summary+="$name, $cases: $(grep -E '^wall ' "$log" | tail -n 1); $(tail -n 1 "$log")"$'\n'
}

# backend NAME CASES: both sides, compressing with this backend.
backend() {
    local name="$1" cases="$2"
    if [ "$SIDE" != client ]; then
        # One is told by its option, the server of CONFORMANCE_ADAPTER by the environment.
        WS_BACKEND="$name" start_echo "$WIREBAHN" "$CONFORMANCE_CACHE/echo.log" "--compress=backend=$name"
        SERVER_PID="$ECHO_PID" suite "server-$name" "$cases" \
            "$KIT/run_server_suite.sh" "${ECHO_URL%/}" "wirebahn-$name"
        kill -0 "$ECHO_PID" 2> /dev/null || {
            tail -n 20 "$CONFORMANCE_CACHE/echo.log.err" >&2
            echo "conformance: the echo server ended during the run" >&2
            status=1
        }
        stop_echo
    fi
    if [ "$SIDE" != server ]; then
        suite "client-$name" "$cases" "$KIT/run_client_suite.sh" \
            "WS_BACKEND=$name exec $(printf %q "$CONFORMANCE_CLIENT")" "wirebahn-$name"
    fi
}

first=true
for name in ${BACKENDS:-zlib-rs miniz_oxide}; do
    case "$first$SUITE" in
        falsefull) backend "$name" deflate ;;
        falsecore | falsefast | falselimits) ;;
        *) backend "$name" "$SUITE" ;;
    esac
    first=false
done

echo "== conformance: summary (reports in $CONFORMANCE_CACHE/reports)"
printf '%s' "$summary"
exit "$status"
