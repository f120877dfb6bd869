# Makes target\package\graft-VERSION-x86_64-windows.msi. Untested: see README.md.
#
# Needs Rust, the C++ build tools of Visual Studio, CMake, NASM, WiX 4 (dotnet tool install --global wix), the CPU build of
# libtorch 2.11.0 for Windows (release), unpacked into the folder that LIBTORCH names, and EfficientNet-Lite0's weights in
# the folder that WEIGHTS names (cargo xtask setup fetches them on Linux).
$ErrorActionPreference = "Stop"
if (-not $env:LIBTORCH) { throw "set LIBTORCH to the folder of libtorch 2.11.0" }
$version = (Select-String -Path Cargo.toml -Pattern '^version = "(.+)"').Matches[0].Groups[1].Value

cargo build --profile dist --package graft --bin graft --locked
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

$tree = "target\package\tree"
if (Test-Path $tree) { Remove-Item -Recurse $tree }
New-Item -ItemType Directory -Force "$tree\bin", "$tree\share\graft\weights", "$tree\share\doc\graft" | Out-Null
Copy-Item target\dist\graft.exe "$tree\bin"
# Windows looks for libraries beside the program.
foreach ($library in "c10", "torch_cpu", "fbgemm", "asmjit", "libiomp5md", "uv") {
    $file = "$env:LIBTORCH\lib\$library.dll"
    if (Test-Path $file) { Copy-Item $file "$tree\bin" }
}
Copy-Item LICENSE "$tree\share\doc\graft"
if ($env:WEIGHTS) { Copy-Item "$env:WEIGHTS\efficientnet_lite0.pth" "$tree\share\graft\weights" }
if ($env:EXAMPLE) { Copy-Item -Recurse $env:EXAMPLE "$tree\share\graft\example" }

wix build packaging\windows\graft.wxs -arch x64 -d "Version=$version" -d "Tree=$tree" -o "target\package\graft-$version-x86_64-windows.msi"
exit $LASTEXITCODE
