//! Lets the built program find libtorch when it is started from another folder: the folder that it
//! was linked against, and `lib` beside the program for packages.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-changed=packaging/build.rs");
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
