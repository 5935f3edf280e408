#!/usr/bin/env bash
# Builds the fuzz programs and runs each for half of SECONDS (60) from its corpus, or replays INPUT alone.
# New finds and crashes stay in Fuzz/.build, and the next run goes on from them. With MERGE=1 the finds that reach code
# which nothing in the corpus reaches go into it.
set -euo pipefail

cd "$(dirname "$0")"
# Swift's own backtracer would wait for a terminal; libFuzzer prints the stack.
export SWIFT_BACKTRACE=enable=no
finds=.build/fuzz

build() {
    local log=.build/build.log
    mkdir -p .build
    # The linker warns of each symbol of the sanitizer's own.
    "${SWIFT:-swift}" build -c release >"$log" 2>&1 || {
        grep -v 'Cannot export local symbol' "$log" >&2
        exit 1
    }
}

# limits NAME: what libFuzzer is told about the inputs of a program.
limits() {
    case $1 in
    # A header is 64 KiB at most, and reading one takes no more than a few times as much memory.
    codec) echo -max_len=65600 -malloc_limit_mb=64 ;;
    router) echo -max_len=1024 -malloc_limit_mb=256 ;;
    esac
}

program() { case $1 in codec) echo .build/release/FuzzCodec ;; router) echo .build/release/FuzzRouter ;; esac; }

# fuzz NAME SECONDS
fuzz() {
    local name=$1 seconds=$2 log=$finds/$1.log
    mkdir -p "$finds/$name" "$finds/crashes"
    echo "$name: $seconds s from $(find "Corpus/$name" -type f | wc -l) seeds"
    # shellcheck disable=SC2046
    if ! "$(program "$name")" $(limits "$name") -detect_leaks=0 -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="$finds/crashes/$name-" "$finds/$name" "Corpus/$name" </dev/null >"$log" 2>&1; then
        grep -m 5 -E 'Fatal error|ERROR: |SUMMARY' "$log" | cut -c 1-600 || tail -n 20 "$log"
        local crash
        crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        echo "again: make fuzz INPUT=Fuzz/${crash:-$log}"
        return 1
    fi
    grep -E '^#[0-9]+.*cov:' "$log" | tail -n 1 | cut -c 1-100
    grep -E 'number_of_executed_units|average_exec_per_sec' "$log"
}

build
if [[ -n ${INPUT:-} ]]; then
    [[ -f $INPUT ]] || INPUT=../$INPUT
    case $INPUT in *codec*) name=codec ;; *) name=router ;; esac
    TRACE=1 "$(program "$name")" -detect_leaks=0 "$INPUT" </dev/null
elif [[ -n ${MERGE:-} ]]; then
    for name in codec router; do
        mkdir -p "$finds/$name"
        # By the code reached alone: how often it is reached would keep far more files.
        # shellcheck disable=SC2046
        "$(program "$name")" $(limits "$name") -detect_leaks=0 -set_cover_merge=1 -use_counters=0 "Corpus/$name" \
            "$finds/$name" </dev/null >"$finds/merge-$name.log" 2>&1
        echo "$name: $(find "Corpus/$name" -type f | wc -l) seeds, $(du -sb "Corpus/$name" | cut -f 1) bytes"
    done
else
    status=0
    for name in codec router; do fuzz "$name" $((${SECONDS_IN_ALL:-60} / 2)) || status=1; done
    exit "$status"
fi
