#!/bin/bash
# Makes target/package/graft-VERSION-arm64-macos.dmg. Untested: see README.md.
#
# Needs Rust, the command line tools of Xcode, CMake, librsvg (brew install librsvg) and the CPU build of libtorch 2.11.0 for
# macOS (arm64) in the folder that LIBTORCH names. WEIGHTS and EXAMPLE name folders with what set-up fetches on Linux.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${LIBTORCH:?set LIBTORCH to the folder of libtorch 2.11.0}"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)

cargo build --profile dist --package graft --bin graft --locked

app=target/package/Graft.app contents=target/package/Graft.app/Contents
rm -rf "$app"
mkdir -p "$contents/MacOS" "$contents/Frameworks" "$contents/Resources" "$contents/share/graft/weights" "$contents/share/doc/graft"
cp target/dist/graft "$contents/MacOS/"
cp "$LIBTORCH"/lib/{libc10,libtorch_cpu,libomp}.dylib "$contents/Frameworks/"
# The program looks for libraries in the bundle, and no longer where they were built.
install_name_tool -add_rpath @executable_path/../Frameworks "$contents/MacOS/graft"
install_name_tool -delete_rpath "$LIBTORCH/lib" "$contents/MacOS/graft" 2>/dev/null || true
sed "s/@VERSION@/$version/" packaging/macos/Info.plist > "$contents/Info.plist"
cp LICENSE "$contents/share/doc/graft/"
[ -z "${WEIGHTS-}" ] || cp "$WEIGHTS/efficientnet_lite0.pth" "$contents/share/graft/weights/"
[ -z "${EXAMPLE-}" ] || cp -R "$EXAMPLE" "$contents/share/graft/example"

icons=target/package/graft.iconset
rm -rf "$icons" && mkdir -p "$icons"
for side in 16 32 128 256 512; do
    rsvg-convert -w $side -h $side packaging/linux/graft.svg -o "$icons/icon_${side}x$side.png"
    rsvg-convert -w $((side * 2)) -h $((side * 2)) packaging/linux/graft.svg -o "$icons/icon_${side}x$side@2x.png"
done
iconutil --convert icns --output "$contents/Resources/graft.icns" "$icons"

# Without a developer's certificate: whoever opens it is asked once.
codesign --force --deep --sign - "$app"
hdiutil create -volname Graft -srcfolder "$app" -ov -format UDZO "target/package/graft-$version-arm64-macos.dmg"
