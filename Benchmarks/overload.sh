#!/usr/bin/env bash
# Overload, and how it ends: one worker that takes 20 ms a frame in a durable group, cameras that send 500 frames/s together
# for 30 s, then 20 workers more. Prints what the group lags behind and what the broker holds, second by second, and at the
# end how many frames and results the archive has. Wants the programs in .build/release (make build).
#
#   SECONDS_OF_LOAD=30 BUDGET=256MiB Benchmarks/overload.sh
set -euo pipefail

cd "$(dirname "$0")/.."
bin=$PWD/.build/release
load=${SECONDS_OF_LOAD:-30} budget=${BUDGET:-1GiB} cameras=5 rate=100
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT

export ZOETROPE_LOG_LEVEL=warning
start() { "$@" >>"$work/log" 2>&1 & pids+=($!); }
sql() { "$bin/archive" sql --json --data "$1" "$2"; }

start "$bin/broker" --ingest tcp://127.0.0.1:6550 --work tcp://127.0.0.1:6551 --events tcp://127.0.0.1:6552 \
    --payload-budget "$budget"
broker=$!
start "$bin/archive" serve --data "$work/data" --broker tcp://127.0.0.1:6551

# Real JPEGs, so that the cameras cost little: what they send was made before.
"$bin/camera" --source synthetic --size 1280x720 --quality 80 --count 50 --stream made --broker tcp://127.0.0.1:6550
"$bin/archive" export --data "$work/data" --stream made --out "$work/pictures" >/dev/null
size=$(find "$work/pictures" -name '*.jpg' -printf '%s\n' | awk '{sum += $1} END {printf "%d", sum / NR}')

start "$bin/worker" --broker tcp://127.0.0.1:6551 --group slow --policy durable --detector none --work-time 20ms --name first \
    --streams 'cam/*'
# The group sees what comes once the archive has recorded it.
until [[ $(sql "$work/data" "SELECT COUNT(*) AS n FROM groups WHERE group_name = 'slow'") == *1* ]]; do :; done
echo "$cameras cameras at $rate frames/s, $size bytes a frame, for $load s; budget $budget"
for number in $(seq "$cameras"); do
    start "$bin/camera" --source "$work/pictures/made" --loop --fps "$rate" --count $((load * rate)) --stream "cam/$number" \
        --broker tcp://127.0.0.1:6550
done

printf '%8s %10s %10s %12s %12s\n' SECOND PUBLISHED LAG PAYLOAD_MB BROKER_MB
began=$SECONDS added='' lag=1 published=0
while ((lag > 0 || published < cameras * rate * load)); do
    read -r published lag payload < <("$bin/broker" status --json --events tcp://127.0.0.1:6552 | python3 -c '
import json, sys
status = json.load(sys.stdin)
group = next((g for g in status["groups"] if g["group"] == "slow"), {"published": 0, "pending": 0})
print(group.get("published", 0), group.get("pending", 0), round(status["payload_bytes"] / 1e6))')
    resident=$(awk '/VmRSS/ {printf "%d", $2 / 1024}' "/proc/$broker/status")
    printf '%8d %10d %10d %12d %12d\n' $((SECONDS - began)) "$published" "$lag" "$payload" "$resident"
    if [[ -z $added ]] && ((SECONDS - began >= load)); then
        added=yes
        echo '         20 workers more'
        for number in $(seq 20); do
            start "$bin/worker" --broker tcp://127.0.0.1:6551 --group slow --policy durable --detector none --work-time 20ms \
                --name "more-$number" --streams 'cam/*'
        done
    fi
    if ((SECONDS - began > load * 10 + 300)); then
        echo "it does not come to rest" && exit 1
    fi
    read -r -t 1 <> <(:) || true
done
echo "lag is 0 after $((SECONDS - began)) s"
sql "$work/data" "SELECT COUNT(*) AS frames FROM frames WHERE stream LIKE 'cam/%'"
sql "$work/data" "SELECT COUNT(*) AS results, COUNT(DISTINCT stream || epoch || '/' || sequence) AS frames,
                  MAX(attempt) AS attempts FROM results WHERE group_name = 'slow'"
cat "$work/log"
