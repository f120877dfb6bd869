#!/bin/bash
# Installs, uses and removes the packages in a Debian of their own, which has neither compiler nor Python nor, once it is
# installed, a network. `cargo xtask package --check` calls this as root:
#
#   check-package.sh GRAFT.deb GRAFT.tar.zst FOLDER [SUITE]
#
# Pictures of what was seen are left in FOLDER/seen. SUITE (bookworm) names another release of Debian.
set -euo pipefail

if [ "${1-}" != inside ]; then
    [ $# -ge 3 ] || { echo "usage: check-package.sh GRAFT.deb GRAFT.tar.zst FOLDER [SUITE]" >&2; exit 2; }
    [ "$(id -u)" = 0 ] || { echo "check-package.sh: a system of its own can be made by root only" >&2; exit 1; }
    deb=$(realpath "$1") archive=$(realpath "$2") suite=${4-bookworm}
    mkdir -p "$3/seen"
    work=$(realpath "$3") root=$(realpath "$3")/root
    rm -rf --one-file-system "$root"
    # What stands for a person, a screen and a file manager; nothing that builds.
    mmdebstrap --variant=minbase --include=xvfb,xauth,xdotool,imagemagick,libglib2.0-bin,dbus,zstd,iproute2 "$suite" "$root"
    has_no_tools() {
        for tool in cc gcc python3 cargo rustc; do
            [ ! -e "$root/usr/bin/$tool" ] || { echo "the system is to have no $tool" >&2; exit 1; }
        done
    }
    has_no_tools
    cp "$0" "$root/check-package.sh"
    cp "$deb" "$root/graft.deb"
    cp "$archive" "$root/graft.tar.zst"
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    find "$root/usr" "$root/etc" "$root/opt" | sort > "$work/before"

    echo "• installing"
    # No daemon is started in there.
    printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
    chroot "$root" apt-get update -q
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        libvulkan1 libgl1-mesa-dri fontconfig fonts-dejavu-core desktop-file-utils shared-mime-info
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends /graft.deb
    # Neither Graft nor what it depends on brings one; Debian's Vulkan drivers, which nothing here needs, would bring Python.
    has_no_tools
    chroot "$root" useradd --create-home tester
    mkdir -p "$root/seen" && chmod 777 "$root/seen"

    # From here on nothing but this machine is reached.
    alone() {
        unshare --net --mount --pid --fork bash -ec "
            mount --make-rprivate /
            mount -t proc proc '$root/proc'
            mount -t tmpfs tmpfs '$root/tmp' && chmod 1777 '$root/tmp'
            mkdir -p '$root/dev/shm' && mount -t tmpfs tmpfs '$root/dev/shm' && chmod 1777 '$root/dev/shm'
            [ -e '$root/dev/urandom' ] || mknod -m 666 '$root/dev/urandom' c 1 9
            exec chroot '$root' $*"
    }
    echo "• using what was installed, without a network"
    alone "su tester -c 'bash /check-package.sh inside package'"
    echo "• removing it"
    runs=$(find "$root/home/tester/package person/.local/share/graft/runs" -name summary.json | wc -l)
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get purge -y -q graft | tee "$work/removal.txt"
    grep -q '.local/share/graft' "$work/removal.txt" || { echo "removal does not say where runs are" >&2; exit 1; }
    for path in usr/bin/graft usr/lib/graft usr/share/graft usr/share/applications/graft.desktop usr/share/doc/graft; do
        [ ! -e "$root/$path" ] || { echo "removal leaves /$path" >&2; exit 1; }
    done
    left=$(find "$root/home/tester/package person/.local/share/graft/runs" -name summary.json | wc -l)
    [ "$runs" = "$left" ] && [ "$left" -gt 0 ] || { echo "removal took runs: $left of $runs are left" >&2; exit 1; }
    echo "• using the portable archive, from a folder with a space in its name"
    alone "su tester -c 'bash /check-package.sh inside archive'"
    cp "$root/seen/"* "$work/seen/"
    rm -rf --one-file-system "$root"
    echo "✓ everything was as it should be; pictures are in $work/seen"
    exit
fi

# ---- in there, as an ordinary user ----
fail() { echo "check-package.sh ($kind): $*" >&2; exit 1; }
kind=$2
# Each kind meets a person who starts Graft for the first time.
export HOME="/home/tester/$kind person" DISPLAY=:7 LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=/tmp/runtime
mkdir -p "$HOME"
cd "$HOME"
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
if timeout 5 bash -c 'exec 3<>/dev/tcp/1.1.1.1/443' 2>/dev/null; then fail "there is a network"; fi
if [ "$kind" = package ]; then
    graft=/usr/bin/graft entry=/usr/share/applications/graft.desktop share=/usr/share/graft
else
    mkdir -p "$HOME/My programs"
    tar --extract --zstd --file /graft.tar.zst --directory "$HOME/My programs"
    folder=$(echo "$HOME/My programs"/graft-*)
    graft="$folder/bin/graft" entry="$folder/Graft.desktop" share="$folder/share/graft"
    [ ! -e /usr/bin/graft ] || fail "the package is still there"
fi
"$graft" --version

Xvfb :7 -screen 0 1280x800x24 >/dev/null 2>&1 & screen=$!
for _ in $(seq 50); do [ -e /tmp/.X11-unix/X7 ] && break; sleep 0.2; done
picture() { import -window root "/seen/$kind-$1.png"; }
# Waits until a command succeeds, at most so many seconds.
within() { local left=$1; shift; until "$@"; do [ "$left" -gt 0 ] || return 1; left=$((left - 1)); sleep 1; done; }
window() { found=$(xdotool search --onlyvisible --name Graft | tail -1); [ -n "$found" ]; }
click() { xdotool mousemove --window "$found" "$1" "$2" click 1; sleep 1; }
finished() { { find "$HOME/.local/share/graft/runs" -name summary.json -exec grep -l '"state": "Finished"' {} + 2>/dev/null || true; } | wc -l; }
trained() { [ "$(finished)" -ge "$1" ]; }

echo "• the entry of the menu opens the window"
before=$(finished)
start=$(date +%s%N)
# As a file manager or a menu does; gio tells an entry nothing of its own place, as file managers do, but for the folder.
(cd "$(dirname "$entry")" && exec gio launch "$entry") > "/seen/$kind.log" 2>&1 &
within 60 window || { cat "/seen/$kind.log" >&2; fail "no window came up"; }
echo "  after $((($(date +%s%N) - start) / 1000000)) ms"
xdotool windowmove "$found" 0 0 windowsize "$found" 1280 800 && sleep 5
picture first
echo "• the example trains both ways"
# Where “Try it with example pictures” and “Extraction vs. fine-tuning” are in a window of 1280 x 800.
click 640 338
sleep 4
picture example
began=$(date +%s)
click 875 25
sleep 3
picture training
within 300 trained $((before + 2)) || { picture stuck; fail "the example did not train"; }
echo "  compared both ways after $(($(date +%s) - began)) s"
sleep 3
picture comparison
xdotool key --window "$found" ctrl+q
within 20 bash -c "! pgrep -f bin/graft >/dev/null" || pkill -u tester -f bin/graft || true

echo "• run, compare and predict without a window"
for preset in lesson-feature-extraction lesson-fine-tuning; do
    "$graft" run "$preset" --data "$share/example" --out "$HOME/$kind-runs" --json > "/seen/$kind-$preset.json"
done
runs=("$HOME/$kind-runs"/*/)
[ ${#runs[@]} -ge 2 ] || fail "graft run left ${#runs[@]} runs"
"$graft" compare "${runs[@]}" --out "$HOME/$kind-report" > /dev/null
[ -s "$HOME/$kind-report/report.html" ] || fail "graft compare left no report"
"$graft" predict "${runs[0]}" "$share/example/fruit/apple.png" --top 3
"$graft" cuda

if [ "$kind" = archive ]; then
    echo "• into the menu and out of it"
    "$graft" --install-desktop-entry
    installed="$HOME/.local/share/applications/graft.desktop"
    desktop-file-validate "$installed" || fail "the entry is not valid"
    gio launch "$installed" > "/seen/$kind-entry.log" 2>&1 &
    within 60 window || fail "the installed entry opens no window"
    picture entry
    xdotool key --window "$found" ctrl+q
    sleep 2
    "$graft" --remove-desktop-entry
    [ ! -e "$installed" ] || fail "the entry is still there"
fi
kill "$screen"
