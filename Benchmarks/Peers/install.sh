#!/usr/bin/env bash
# Installs what the comparison needs on Debian 12 or Ubuntu 24.04 and is missing: the peers' servers and client libraries,
# and what builds them. Silent when all is there.
set -euo pipefail

wanted=(
    gcc make pkg-config python3
    libzmq3-dev liblmdb-dev libxxhash-dev
    nats-server libnats-dev redis-server libhiredis-dev
)

die() {
    echo "error: $*" >&2
    exit 1
}

command -v apt-get >/dev/null || die "this script knows Debian and Ubuntu only." \
    "Install what these Debian packages hold: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || die "these packages are missing and there is no sudo here;" \
        "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
fi
echo "Installing these packages with ${as_root[*]:+sudo }apt-get: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"

for service in nats-server redis-server; do
    if [[ -d /run/systemd/system && " ${missing[*]} " == *" $service "* ]]; then
        echo "Debian has started $service as a service; the comparison does not need it: systemctl disable --now $service"
    fi
done
