#!/usr/bin/env bash
# Prints the folder that holds the two demo videos, vtest.avi and Megamind.avi.
#
#   deploy/demo-videos.sh [CACHE]
#
# They come with Debian's package opencv-doc. Slim system images leave /usr/share/doc out, so that the package
# is installed and its videos are not: they are then taken from the package file into CACHE (.build/videos).
set -euo pipefail

cd "$(dirname "$0")/.."
installed=/usr/share/doc/opencv-doc/examples/data
cache=${1:-.build/videos}

has_both() {
    [[ -s $1/vtest.avi && -s $1/Megamind.avi ]]
}

if has_both "$installed"; then
    echo "$installed"
    exit
fi
if ! has_both "$cache"; then
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    for name in vtest.avi Megamind.avi; do
        if [[ -s $installed/$name.gz ]]; then
            gzip -dc "$installed/$name.gz" >"$work/$name"
        fi
    done
    if ! has_both "$work"; then
        echo "Fetching the demo videos (package opencv-doc, 96 MB) ..." >&2
        (
            cd "$work"
            apt-get -q download opencv-doc >&2 || {
                echo "error: the package opencv-doc cannot be fetched; try: apt-get update" >&2
                exit 1
            }
            dpkg-deb --fsys-tarfile opencv-doc_*.deb |
                tar -x --strip-components=7 --wildcards \
                    '*/examples/data/vtest.avi*' '*/examples/data/Megamind.avi*'
            find . -name '*.avi.gz' -exec gzip -d {} +
        )
    fi
    has_both "$work" || {
        echo "error: the package opencv-doc does not hold vtest.avi and Megamind.avi" >&2
        exit 1
    }
    mv -f "$work"/vtest.avi "$work"/Megamind.avi "$cache"/
fi
realpath "$cache"
