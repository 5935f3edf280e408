#!/usr/bin/env bash
# Runs the whole of Zoetrope on this machine: archive, broker, cameras and workers, each a process of its own with
# its log in DATA/logs, and the status table in front. Ctrl-C ends all of them. `make help` lists the settings.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
data=${DATA:-./data}
camera=${CAMERA:-}
stream=${STREAM:-camera}
workers=${WORKERS:-2}
port=${PORT:-5550}
bin=${BIN:-}

names=()          # the processes in the order of their start, which is also the order of their end
declare -A pids   # name -> process id, of those that run
failed=0
interrupts=0  # Ctrl-C and the like, so far

say() { echo "$@" 2>/dev/null || true; }  # the terminal may be gone
die() {
    echo "error: $*" >&2
    exit "${exit_code:-1}"
}

# in_use PORT: whether somebody listens on it, at 127.0.0.1 or at every address.
in_use() {
    local hex
    hex=$(printf '%04X' "$1")
    grep -qE "^ *[0-9]+: (0100007F|0{8}|0{32}):$hex [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches this script alone, which then ends the
# others in order; they get SIGTERM from the kernel should this script be killed.
start() {
    local name=$1
    shift
    setsid setpriv --pdeathsig TERM "$@" </dev/null >"$logs/$name.log" 2>&1 &
    pids[$name]=$!
    names+=("$name")
}

# stop NAMES...: asks them to end and waits; kills those that are still there after five seconds, or at another Ctrl-C.
stop() {
    local name deadline=$((SECONDS + 5))
    for name in "$@"; do
        [[ -n ${pids[$name]:-} ]] && kill -TERM "${pids[$name]}" 2>/dev/null
    done
    for name in "$@"; do
        [[ -n ${pids[$name]:-} ]] || continue
        while kill -0 "${pids[$name]}" 2>/dev/null; do
            if ((SECONDS >= deadline || interrupts > 0)); then
                say "$name (process ${pids[$name]}) did not end in time: killed"
                kill -KILL "${pids[$name]}" 2>/dev/null
                failed=1
            fi
            read -rt 0.05 <>"$pause"
        done
        # Not waited for: bash has taken its end in by now, and where `wait -n` was told of it already, `wait` would
        # wait for any other process instead (bash 5.2).
        unset "pids[$name]"
    done
}

# matching PATTERN: the names that match it.
matching() { printf '%s\n' "${names[@]}" | grep -E "$1"; }

# The first one may come twice, to the process and to its group: that is no impatience.
# shellcheck disable=SC2329  # called by a trap
interrupt_again() {
    if ((SECONDS - ending_since > 1)); then
        interrupts=1
    fi
}

finish() {
    trap '' TERM HUP
    trap interrupt_again INT
    local kind list
    interrupts=0
    ending_since=$SECONDS
    # Where frames come from goes first, so that what is under way can still arrive: the archive is the last.
    for kind in '^status$' '^camera' '^worker' '^broker$' '^archive$'; do
        mapfile -t list < <(matching "$kind")
        stop "${list[@]}"
    done
    rm -rf "$runtime"
    if ((failed)); then
        exit 1
    fi
    say "Everything has ended. Frames and results are in $data; look into them with:"
    say "  ${bin#"$PWD"/}/archive streams --data $data"
    exit 0
}

# ended NAME CODE: says what ended by itself, with its last words; true if the demo can go on without it.
ended() {
    unset "pids[$1]"
    if [[ $1 == camera* && $2 == 0 ]]; then
        say "The source of $1 has come to its end; what was sent is being looked at."
        return 0
    fi
    failed=1
    [[ -n ${pids[status]:-} ]] && stop status
    {
        echo
        echo "error: $1 ended early with exit code $2; all others are ended too."
        if [[ $1 != status ]]; then
            echo "The last lines of $logs/$1.log:"
            tail -n 8 "$logs/$1.log" | sed 's/^/    /'
        fi
    } >&2
    return 1
}

[[ $workers =~ ^[1-9][0-9]*$ ]] ||
    exit_code=64 die "WORKERS=$workers is no number of workers (1, 2, ...)."
[[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65533 ]] ||
    exit_code=64 die "PORT=$port is no port (1 ... 65533)."

# The logs of a demo that runs are its own, and it alone writes to its archive.
if [[ -e $data/lock ]]; then
    flock -w 1 "$data/lock" true 2>/dev/null
    (($? == 1)) && die "an archive (process $(<"$data/lock")) serves $data already, perhaps that of another \`make run\`:" \
        "end that one, or choose another directory with DATA= (and other ports with PORT=)."
fi
for number in 0 1 2; do
    if in_use $((port + number)); then
        die "another program uses port $((port + number)) of this machine: end that one, or choose other ports with" \
            "PORT= (the first of three; $port now)."
    fi
done

logs=$data/logs
mkdir -p "$logs" 2>/dev/null
[[ -w $data && -w $logs ]] ||
    die "the data directory $data cannot be written; choose another one with DATA=."

if [[ -z $bin ]]; then
    for program in archive broker camera worker; do
        swift build -c release --product "$program" || exit 1
    done
    bin=$(swift build -c release --show-bin-path) || exit 1
fi
for program in archive broker camera worker; do
    [[ -x $bin/$program ]] || die "$bin/$program is missing."
done

if [[ -z $camera ]]; then
    videos=$(deploy/demo-videos.sh) || exit 1
fi
runtime=$(mktemp -d) || exit 1
pause=$runtime/pause  # a pipe that nobody writes: reading it with a time limit waits without a process
mkfifo "$pause" || exit 1

ingest=tcp://127.0.0.1:$port
work=tcp://127.0.0.1:$((port + 1))
events=tcp://127.0.0.1:$((port + 2))
trap 'interrupts=1' INT TERM HUP

start archive "$bin/archive" serve --data "$data" --broker "$work"
start broker "$bin/broker" serve --ingest "$ingest" --work "$work" --events "$events"

# add_camera SOURCE STREAM: files are played again and again; devices and addresses have no end.
add_camera() {
    local again=()
    [[ -f $1 || -d $1 ]] && again=(--loop)
    start "camera-${2//\//-}" "$bin/camera" --broker "$ingest" --source "$1" --stream "$2" "${again[@]}"
}

# add_group NAME STREAMS: its workers; two cores cannot look at every frame, so each takes the newest.
add_group() {
    local number
    for ((number = 1; number <= workers; number++)); do
        start "worker-$1-$number" "$bin/worker" --broker "$work" --group "$1" --streams "$2" \
            --detector "$1" --policy latest --name "$1-$number"
    done
}

if [[ -n $camera ]]; then
    add_camera "$camera" "$stream"
    people=$stream
else
    add_camera "$videos/vtest.avi" campus
    add_camera "$videos/Megamind.avi" kiosk
    people=campus
fi
add_group people "$people"
add_group faces '*'

say "Logs are in $logs. Ctrl-C ends everything."
setpriv --pdeathsig TERM "$bin/broker" status --watch --events "$events" </dev/null &
pids[status]=$!
names+=(status)

while ((interrupts == 0)); do
    wait -n -p one "${pids[@]}"
    exit_code=$?
    for name in "${names[@]}"; do
        [[ -n ${one:-} && ${pids[$name]:-} == "$one" ]] || continue
        # The table ends with 0 when it was told to, perhaps a moment before this script is.
        if ((interrupts)) || [[ $name == status && $exit_code == 0 ]]; then
            unset "pids[$name]"
            break 2
        fi
        ended "$name" "$exit_code" || break 2
    done
done
finish
