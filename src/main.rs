//! The `graft` program: the window without arguments, headless commands with them.

fn main() -> std::process::ExitCode {
    graft::allocator::keep_freed_memory();
    graft::ending::end(graft::cli::main())
}
