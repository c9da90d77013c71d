//! The program `cortado-spark`: `cortado` with the client of Apache Spark.

fn main() -> std::process::ExitCode {
    cortado_cli::main()
}
