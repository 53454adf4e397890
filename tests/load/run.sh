#!/usr/bin/env bash
# How much our router can carry, beside Crossbar on the same machine in the same run.
#   bash tests/load/run.sh [--smoke] [OPTIONS OF load.py]
# Builds the driver that lies in the shared folder's bench/wampload, ours for many sessions, and a relay that only moves
# bytes. With --smoke it is a run of seconds without Crossbar, which shows that nothing is lost and nothing fails; figures
# take a quiet machine and half an hour.
# Environment:
#   WIREBAHN   a wirebahn command to measure instead of the one built here
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

HERE="$ROOT/tests/load"
SCRATCH="$CACHE/load"
CROSSBAR="$CACHE/interop/crossbar"
mkdir -p "$SCRATCH"

# wampload stands alone and must not become a member of this workspace: it is built beside it.
build_wampload() {
    [ -d "$SHARED/bench/wampload" ] || die "no $SHARED/bench/wampload: set WIREBAHN_SHARED"
    mkdir -p "$SCRATCH/wampload/src"
    cp "$SHARED"/bench/wampload/src/*.rs "$SCRATCH/wampload/src/"
    cp "$SHARED/bench/wampload/Cargo.toml" "$SCRATCH/wampload/Cargo.toml"
    printf '\n[workspace]\n' >> "$SCRATCH/wampload/Cargo.toml"
    cargo build --release --quiet --manifest-path "$SCRATCH/wampload/Cargo.toml" --target-dir "$SCRATCH/target"
}

cd "$ROOT"
build_wampload
build_programs load-sessions load-floor
build_command

crossbar=()
case " $* " in
    *" --smoke "*) ;;
    *)
        install_python "$ROOT/tests/interop/crossbar.txt" "$CROSSBAR" > "$SCRATCH/install.log" 2>&1 \
            || die "cannot install Crossbar: $(tail -n 5 "$SCRATCH/install.log")"
        crossbar=(--crossbar "$CROSSBAR/bin/crossbar") ;;
esac
ulimit -n "$(ulimit -Hn)"
exec python3 "$HERE/load.py" "$SCRATCH/target/release/wampload" "$(release_folder)/load-sessions" \
    "$(release_folder)/load-floor" --wirebahn "$WIREBAHN" ${crossbar[@]+"${crossbar[@]}"} "$@"
