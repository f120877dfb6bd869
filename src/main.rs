//! The `graft` program: the window without arguments, headless commands with them.

#[global_allocator]
static ALLOCATOR: graft::allocator::WithReserve = graft::allocator::WithReserve;

fn main() -> std::process::ExitCode {
    graft::allocator::keep_freed_memory();
    graft::exit::end(graft::cli::main())
}
