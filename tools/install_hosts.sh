#!/bin/bash
# The programs that plugins run in, the headers that plugins are built with, and a browser, from Debian's packages.
# Exit status 3: they cannot be installed here, and why is said.
set -euo pipefail

packages=(
    build-essential cmake pkg-config
    ffmpeg frei0r-plugins-dev melt shotcut xdotool
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev python3-gi gir1.2-gstreamer-1.0
    nginx-light libnginx-mod-rtmp gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly janus janus-tools
    obs-studio obs-plugins libobs-dev libsimde-dev libgl1-mesa-dri xvfb xauth
    chromium
)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
done 2>/dev/null
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "no apt-get here: install yourself what corresponds to ${missing[*]}" >&2
    exit 3
fi
root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "run as root: apt-get install ${missing[*]}" >&2; exit 3; }
    root=(sudo)
fi
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
{ "${root[@]}" apt-get update -qq && "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } || {
    echo "apt-get could not install ${missing[*]}" >&2
    exit 3
}
