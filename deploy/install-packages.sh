#!/usr/bin/env bash
# Installs the system packages that Zoetrope needs on Debian 12 or Ubuntu 24.04, and says which.
# Silent when all of them are there.
#
#   deploy/install-packages.sh          what building, testing and the demo need
#   deploy/install-packages.sh build    what building needs, no more
set -euo pipefail

build=(
    ca-certificates git make pkg-config g++
    libzmq3-dev liblmdb-dev libxxhash-dev libsqlite3-dev
    libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev libopencv-objdetect-dev
)
demo=(opencv-data opencv-doc)  # the default face cascade; the two demo videos
tests=(sqlite3)                # reads the catalog beside the archive

die() {
    echo "error: $*" >&2
    exit 1
}

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

case ${1:-all} in
    all) wanted=("${build[@]}" "${demo[@]}" "${tests[@]}") ;;
    build) wanted=("${build[@]}") ;;
    *) die "unknown argument '$1': say nothing, or 'build'." ;;
esac

command -v apt-get >/dev/null || die "this script knows Debian and Ubuntu only." \
    "Install what these Debian packages hold and call swift directly: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
done

if ((${#missing[@]})); then
    as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "these packages are missing and there is no sudo here;" \
            "as root: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "Installing these packages with ${as_root[*]:+sudo }apt-get: ${missing[*]}"
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
fi

# Swift is not in Debian's or Ubuntu's archive, so it is only checked.
command -v swift >/dev/null ||
    die "Swift is missing. Zoetrope needs Swift 6.2 or later: https://www.swift.org/install/linux/"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [[ -z $version || $(printf '%s\n' 6.2 "$version" | sort -V | head -n 1) != 6.2 ]]; then
    die "this is Swift ${version:-of an unknown version}; Zoetrope needs 6.2 or later:" \
        "https://www.swift.org/install/linux/"
fi
