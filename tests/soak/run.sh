#!/usr/bin/env bash
# Whether a router is the same after millions of messages: see main.rs.
#   bash tests/soak/run.sh [--short] [SEED]
# Ten million messages; with --short a hundred thousand, which takes no optimised build of the driver.
# Environment:
#   WIREBAHN   a wirebahn command to try instead of the one built here
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

MESSAGES=10000000
cd "$ROOT"
if [ "${1:-}" = --short ]; then
    MESSAGES=100000 folder="$(debug_folder)"
    shift
    cargo build --quiet -p wirebahn-tests --bin soak
else
    folder="$(release_folder)"
    build_programs soak
fi
SEED="${1:-1}"
build_command
mkdir -p "$CACHE"
# The router's memory is looked at from outside. Left to itself, the allocator of the GNU C library takes ever larger buffers
# from the heap, where small things behind them keep them from being given back; so, what is free is not counted.
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_TOP_PAD_=65536
exec python3 tests/interop/wamp/serve.py wirebahn "$WIREBAHN" --log "$CACHE/soak-router.log" -- \
    "$folder/soak" @ws @rs realm1 @pid "$MESSAGES" "$SEED"
