#!/bin/sh
# Runs fuzz targets one after another and prints a table: ./fuzz/run.sh SECONDS [TARGET…]
#
# A find is made as small as it goes and put into corpus/regressions/TARGET, where `cargo test -p eventsieve-oracle` replays it.
# What a fuzzer learns stays in fuzz/corpus, which git does not keep. Needs a nightly toolchain and `cargo install cargo-fuzz`.
set -eu

usage() {
    echo "usage: $0 SECONDS [TARGET...]" >&2
    exit 2
}

case "${1:-}" in
'' | *[!0-9]*) usage ;;
esac
seconds=$1
shift

cd "$(dirname "$0")"
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "$0: needs nightly and cargo-fuzz: rustup toolchain install nightly && cargo install cargo-fuzz" >&2
    exit 2
fi
[ $# -gt 0 ] || set -- $(cargo +nightly fuzz list)

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
found=0

cargo +nightly fuzz build >&2
row() { printf '%-18s %10s %8s %8s %7s %6s  %s\n' "$@"; }
row target runs runs/s edges files finds branches
for target in "$@"; do
    seeds=../corpus/seeds/$target
    mkdir -p "corpus/$target" "artifacts/$target"
    before=$(ls "artifacts/$target" | sort)
    log=$logs/$target
    # A crash ends the run of its target with another status than 0; the others go on. JSON helps where bytes are text.
    EVENTSIEVE_TALLY=$logs/$target.tally cargo +nightly fuzz run "$target" "corpus/$target" "$seeds" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=4096 -print_final_stats=1 -dict=json.dict \
        >"$log" 2>&1 || true

    finds=0
    for artifact in $(ls "artifacts/$target" | sort); do
        if printf '%s\n' "$before" | grep -qxF "$artifact"; then
            continue
        fi
        # Units that were slow but passed are no finds.
        case $artifact in slow-unit-* | minimized-from-*) continue ;; esac
        finds=$((finds + 1))
        small=$logs/small
        cp "artifacts/$target/$artifact" "$small"
        rm -f "artifacts/$target"/minimized-from-*
        # Made smaller in steps, each from the last, for a minute at most.
        cargo +nightly fuzz tmin "$target" -r 500 "artifacts/$target/$artifact" -- -max_total_time=60 >"$log.tmin" 2>&1 || true
        least=$(ls -t "artifacts/$target"/minimized-from-* 2>/dev/null | head -1)
        [ -z "$least" ] || cp "$least" "$small"
        mkdir -p "../corpus/regressions/$target"
        name=$(sha256sum "$small" | cut -c1-12)
        cp "$small" "../corpus/regressions/$target/$name"
        echo "find: corpus/regressions/$target/$name" >&2
        grep -m1 -A12 'panicked at\|ERROR: ' "$log" >&2 || tail -20 "$log" >&2
    done
    found=$((found + finds))

    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    runs=$(stat number_of_executed_units)
    rate=$(stat average_exec_per_sec)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    files=$(sed -n 's/.* corp: \([0-9]*\)\/.*/\1/p' "$log" | tail -1)
    tally=$(cat "$logs/$target.tally" 2>/dev/null || true)
    row "$target" "${runs:--}" "${rate:--}" "${edges:--}" "${files:--}" "$finds" "$tally"
done
[ "$found" -eq 0 ]
