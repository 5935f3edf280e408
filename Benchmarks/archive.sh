#!/usr/bin/env bash
# An archive under full load, started again with many segments, and replayed at a pace: how much memory of its own
# `archive serve` takes at most while cameras send as fast as it commits, how long it takes to serve again after kill -9, and how
# far the frames of a replay at pace 1 and 4 are from when they are due. Wants the programs in .build/release (make build),
# python3, and GIGABYTES of disk and a few more.
#
#   GIGABYTES=13 SECONDS_OF_REPLAY=60 Benchmarks/archive.sh
set -euo pipefail

cd "$(dirname "$0")/.."
bin=${BIN:-$PWD/.build/release}
gigabytes=${GIGABYTES:-13} replay=${SECONDS_OF_REPLAY:-60}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zoetrope-archive.XXXXXX")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT

export ZOETROPE_LOG_LEVEL=info
start() { "$@" >>"$work/log" 2>&1 & pids+=($!); }
sql() { "$bin/archive" sql --json --data "$work/data" "$1" | python3 -c 'import json, sys; print(list(json.load(sys.stdin)[0].values())[0])'; }
nap() { read -r -t "$1" <> <(:) || true; }
serve() {
    : >"$work/archive.log"
    "$bin/archive" serve --data "$work/data" --broker tcp://127.0.0.1:6651 --segment-size 128MiB 2>"$work/archive.log" &
    archive=$!
    pids+=("$archive")
}
serving() { until grep -q serving "$work/archive.log"; do kill -0 "$archive"; nap 0.01; done; }

start "$bin/broker" --ingest tcp://127.0.0.1:6650 --work tcp://127.0.0.1:6651 --events tcp://127.0.0.1:6652
serve && serving

# Real JPEGs, so that the cameras cost little: what they send was made before.
"$bin/camera" --source synthetic --size 1600x900 --quality 85 --count 50 --stream made --broker tcp://127.0.0.1:6650 2>>"$work/log"
"$bin/archive" export --data "$work/data" --stream made --out "$work/pictures" >/dev/null
size=$(find "$work/pictures" -name '*.jpg' -printf '%s\n' | awk '{sum += $1} END {printf "%d", sum / NR}')
cameras=8 frames=$((gigabytes * 1000000000 / size / 8))
echo "$cameras cameras send $frames frames of $size bytes each, as fast as they are archived"
began=$SECONDS most=0 sending=()
for number in $(seq "$cameras"); do
    start "$bin/camera" --source "$work/pictures/made" --loop --fps 1000 --count "$frames" --stream "cam/$number" \
        --broker tcp://127.0.0.1:6650
    sending+=($!)
done
while kill -0 "${sending[@]}" 2>/dev/null; do
    now=$(awk '/RssAnon/ {print int($2 / 1024)}' "/proc/$archive/status")
    ((now > most)) && most=$now
    nap 0.2
done
took=$((SECONDS - began))
echo "archived in $took s: $((cameras * frames / took)) frames/s; memory of its own (RssAnon) at most $most MiB"

kill -9 "$archive" && wait "$archive" 2>/dev/null || true
segments=$(find "$work/data/log" -name '*.mdb' | wc -l)
began=$(date +%s%N)
serve && serving
echo "serves again $((($(date +%s%N) - began) / 1000000)) ms after kill -9, with $segments segments"

"$bin/camera" --source synthetic --fps 25 --count $((25 * replay)) --stream paced --broker tcp://127.0.0.1:6650 2>>"$work/log"
start "$bin/worker" --broker tcp://127.0.0.1:6651 --group paced --streams none --detector none --name paced
for pace in 1 4; do
    "$bin/archive" replay --data "$work/data" --stream paced --group paced --pace "$pace" >/dev/null
    run=$(sql "SELECT MAX(run) AS run FROM runs WHERE group_name = 'paced'")
    "$bin/archive" sql --json --limit 0 --data "$work/data" "
        SELECT (julianday(r.started_at) * 86400 * 1000) AS started, f.captured_ns / 1e6 AS captured
        FROM results r JOIN frames f USING (stream, epoch, sequence)
        WHERE r.group_name = 'paced' AND r.run = $run ORDER BY f.sequence" | python3 -c '
import json, sys
rows, pace = json.load(sys.stdin), float(sys.argv[1])
begin = rows[0]
errors = sorted((row["started"] - begin["started"]) - (row["captured"] - begin["captured"]) / pace for row in rows)
first, last = rows[:len(rows) // 4], rows[-len(rows) // 4:]
drift = [sum((row["started"] - begin["started"]) - (row["captured"] - begin["captured"]) / pace for row in part) / len(part) for part in (first, last)]
middle = errors[len(errors) // 2]
away = sorted(abs(error - middle) for error in errors)
print(f"pace {pace:g}: {len(rows)} frames, from when they are due p50 {away[len(away) // 2]:.1f} ms, "
      f"p99 {away[len(away) * 99 // 100]:.1f} ms, most {away[-1]:.1f} ms; last quarter against first {drift[1] - drift[0]:+.1f} ms")
' "$pace"
done
