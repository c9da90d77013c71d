//! The program `cortado`.

fn main() -> std::process::ExitCode {
    cortado_cli::main()
}
