#!/usr/bin/env bash
# How quickly the catalog answers over ten million detections: a week of 20 streams with 3 detections a frame, of three
# labels. Prints for each question the rows of its answer, and the time it takes cold (its file dropped from the cache) and
# warm (the median of five), with SQLite alone and with `archive sql`. Wants `archive` in .build/release (make build), the
# sqlite3 program, python3 and 10 GB of disk.
#
#   DETECTIONS=10000000 Benchmarks/catalog.sh
set -euo pipefail

cd "$(dirname "$0")/.."
bin=${BIN:-$PWD/.build/release}
frames=$((${DETECTIONS:-10000000} / 3))
work=$(mktemp -d "${TMPDIR:-/var/tmp}/zoetrope-catalog.XXXXXX")
trap 'rm -rf "$work"' EXIT

# An archive that was served once has a catalog with the tables as they are.
"$bin/archive" serve --data "$work/data" --broker tcp://127.0.0.1:6551 2>"$work/log" & archive=$!
until grep -q serving "$work/log"; do kill -0 $archive; read -r -t 0.1 <> <(:) || true; done
kill $archive && wait $archive

echo "writing $frames frames with 3 detections each"
time sqlite3 -cmd '.timeout 10000' "$work/data/catalog.sqlite" >/dev/null <<SQL
PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = MEMORY;
BEGIN;
INSERT INTO frames SELECT 'cam/' || printf('%02d', i % 20), 1763942400000000000, i / 20,
    strftime('%Y-%m-%d %H:%M:%f', 1763942400 + i * 604800.0 / $frames, 'unixepoch'),
    1763942400000000000 + CAST(i * 604800e9 / $frames AS INTEGER), 'jpeg', 1280, 720, 60000, NULL, NULL, NULL
FROM (WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $frames - 1) SELECT i FROM n);
INSERT INTO streams (stream, frames) SELECT stream, COUNT(*) FROM frames GROUP BY stream;
INSERT INTO results SELECT stream, epoch, sequence, 'people', 0, captured_at, 'yolo', 'abc', 'w-1', 1, NULL, 3, NULL,
    captured_at, 1.5, 20.0 FROM frames ORDER BY captured_at;
INSERT INTO detections SELECT stream, epoch, sequence, 'people', 0, number, captured_at,
    CASE WHEN r < 6 THEN 'person' WHEN r < 9 THEN 'car' ELSE 'face' END, 0.3 + 0.07 * r, 10.5 * number, 20.5, 100.0, 200.0,
    NULL, NULL, NULL
FROM (SELECT f.*, n.number, abs(random()) % 10 AS r FROM frames f
    CROSS JOIN (SELECT 0 AS number UNION ALL SELECT 1 UNION ALL SELECT 2) n ORDER BY f.captured_at);
COMMIT;
SQL
ls -l "$work/data/catalog.sqlite" | awk '{printf "%.1f GB\n", $5 / 1e9}'

python3 - "$bin/archive" "$work/data" <<'PYTHON'
import os, sqlite3, statistics, subprocess, sys, time
archive, data = sys.argv[1:]
catalog = data + "/catalog.sqlite"
hour = "captured_at >= '2025-11-27 10:00' AND captured_at < '2025-11-27 11:00'"
day = "captured_at >= '2025-11-27' AND captured_at < '2025-11-28'"
questions = {
    "a label in an hour, counted": f"SELECT COUNT(*), AVG(score) FROM detections WHERE label = 'person' AND score >= 0.5 AND {hour}",
    "a label in an hour, its frames": f"SELECT DISTINCT stream, epoch, sequence FROM detections WHERE label = 'face' AND {hour}",
    "a label in an hour, its boxes": f"SELECT * FROM detections WHERE label = 'face' AND {hour}",
    "a stream's day by label": f"SELECT label, COUNT(*), AVG(score) FROM detections WHERE stream = 'cam/03' AND {day} GROUP BY label",
    "a label on a stream by hour": f"SELECT strftime('%H', captured_at) AS h, COUNT(*) FROM detections WHERE stream = 'cam/03' AND label = 'person' AND {day} GROUP BY h",
    "the least sure of a day": f"SELECT stream, sequence, score FROM detections WHERE label = 'person' AND {day} ORDER BY score LIMIT 20",
    "a run's hour": f"SELECT COUNT(*), AVG(infer_ms) FROM results WHERE group_name = 'people' AND run = 0 AND {hour}",
}

def timed(body):
    begin = time.perf_counter()
    body()
    return (time.perf_counter() - begin) * 1e3

def drop():
    with open(catalog) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

print(f"{'':34}{'rows':>8}{'cold ms':>10}{'warm ms':>10}{'archive sql ms':>16}")
for name, question in questions.items():
    rows = []
    def ask():
        database = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
        rows[:] = database.execute(question).fetchall()
        database.close()
    def command():
        subprocess.run([archive, "sql", "--data", data, "--limit", "0", question], check=True, stdout=subprocess.DEVNULL)
    drop()
    cold = timed(ask)
    warm = statistics.median(timed(ask) for _ in range(5))
    whole = statistics.median(timed(command) for _ in range(5))
    print(f"{name:34}{len(rows):8}{cold:10.1f}{warm:10.1f}{whole:16.1f}")
search = ["search", "--data", data, "--label", "face", "--min-score", "0.9", "--since", "2025-11-27 10:00", "--until", "2025-11-27 11:00"]
for name, more in {"archive search, 100 frames": [], "archive search, all of them": ["--limit", "0", "--json"]}.items():
    count = len(subprocess.run([archive, *search, *more], check=True, capture_output=True).stdout.splitlines())
    whole = statistics.median(timed(lambda: subprocess.run([archive, *search, *more], check=True, stdout=subprocess.DEVNULL)) for _ in range(5))
    print(f"{name:34}{count:8}{'':20}{whole:16.1f}")
PYTHON
