//! The `graft` program: the window without arguments, headless commands with them.

fn main() -> std::process::ExitCode {
    graft::cli::main()
}
