//! Compiles the C++ files that call what tch does not bind, and lets the built program find libtorch when it is
//! started from another folder: the folder that it was linked against, and `lib` beside the program for packages.

use std::path::PathBuf;

const HEADERS: [&str; 1] = ["src/libtorch/error.h"];
const SOURCES: [&str; 6] = [
    "src/libtorch/card.cpp",
    "src/libtorch/depthwise.cpp",
    "src/libtorch/lists.cpp",
    "src/libtorch/numbers.cpp",
    "src/libtorch/recording.cpp",
    "src/libtorch/bindings.cpp",
];

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    println!("cargo:rerun-if-changed=packaging/build.rs");
    for file in SOURCES.iter().chain(&HEADERS) {
        println!("cargo:rerun-if-changed={file}");
    }
    compile();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/lib");
    if let Some(libtorch) = std::env::var_os("LIBTORCH") {
        let folder = std::path::Path::new(&libtorch).join("lib");
        // The checkout's link may be moved or removed; what it points to stays.
        let folder = folder.canonicalize().unwrap_or(folder);
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
}

/// Without libtorch's headers (torch-sys finds libtorch in other ways too) the program does without.
fn compile() {
    println!("cargo:rustc-check-cfg=cfg(graft_bindings)");
    let folder = std::env::var_os("LIBTORCH_INCLUDE").or_else(|| std::env::var_os("LIBTORCH"));
    let Some(include) = folder.map(|folder| PathBuf::from(folder).join("include")) else {
        return;
    };
    if !include.join("ATen/core/dispatch/Dispatcher.h").exists() {
        return;
    }
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".into());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .debug(false)
        .warnings(false)
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .files(SOURCES)
        .compile("graft_bindings");
    println!("cargo:rustc-cfg=graft_bindings");
}
