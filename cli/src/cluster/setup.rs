//! What a cluster needs: Java, pyspark in an environment of its own, and the program that speaks to it.

use crate::lab::{python, steps};
use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("requirements.txt");
/// What this Spark runs on.
const OLDEST_JAVA: u32 = 17;

/// Spark as it is installed here.
pub(super) struct Installation {
    /// The folder with Spark's scripts and jars.
    pub home: PathBuf,
}

impl Installation {
    pub(super) fn prepare(state: &Path) -> Result<Self> {
        check_java()?;
        let _lock = steps::lock(state)?;
        let python = environment(state)?;
        let output = Command::new(&python).args(["-c", "import pyspark; print(pyspark.__path__[0])"]).output();
        let output = output.with_context(|| format!("cannot run {}", python.display()))?;
        let home = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !home.join("bin/spark-class").is_file() {
            bail!("pyspark is not whole: remove {} and run this again", state.join("spark").display());
        }
        Ok(Self { home })
    }
}

/// The environment that Spark lies in; for who has the lock.
fn environment(state: &Path) -> Result<PathBuf> {
    python::environment(&state.join("spark"), REQUIREMENTS, "Spark (460 MB, the first time)")
}

fn check_java() -> Result<()> {
    let java = match env::var_os("JAVA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/java"),
        None => PathBuf::from("java"),
    };
    let advice = format!(
        "Spark needs Java {OLDEST_JAVA} or later: install one (on Debian and Ubuntu: apt install openjdk-17-jre-headless), or name its folder in JAVA_HOME"
    );
    let Ok(output) = Command::new(&java).arg("-version").output() else {
        bail!("{} does not run; {advice}", java.display());
    };
    let said = String::from_utf8_lossy(&output.stderr);
    match java_version(&said) {
        Some(version) if version >= OLDEST_JAVA => Ok(()),
        Some(version) => bail!("{} is Java {version}; {advice}", java.display()),
        None => bail!("{} does not tell its version; {advice}", java.display()),
    }
}

/// The major version in `openjdk version "17.0.15" 2025-04-15`; Java 8 called itself 1.8.
fn java_version(said: &str) -> Option<u32> {
    let quoted = said.split('"').nth(1)?;
    let mut numbers = quoted.split(['.', '-', '+']).map(|number| number.parse().ok());
    match numbers.next()?? {
        1 => numbers.next()?,
        major => Some(major),
    }
}

/// Builds the program that speaks to Spark, and keeps it in the state folder under the name returned.
pub(super) fn client(state: &Path) -> Result<PathBuf> {
    let root = state.parent().context("the state folder has no parent")?;
    let _lock = steps::lock(state)?;
    let python = environment(state)?;
    let protoc = python.with_file_name(steps::executable("protoc"));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = root.join("target");
    let mut command = Command::new(cargo);
    command.current_dir(root).env("PROTOC", protoc).args(["build", "--release", "--locked", "--quiet"]);
    command.args(["--package", "cortado-cli", "--features", "spark", "--bin", "cortado-spark", "--target-dir"]);
    steps::run("Building the Spark client (minutes, the first time)", command.arg(&target), |printed| {
        let reason =
            printed.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| steps::last_line(printed));
        format!("check the network and run this again ({reason})")
    })?;
    let program = state.join(steps::executable("cortado-spark"));
    steps::place(&target.join("release").join(steps::executable("cortado-spark")), &program)?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::java_version;

    #[test]
    fn reads_versions_of_java() {
        assert_eq!(java_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK ..."), Some(17));
        assert_eq!(java_version("java version \"1.8.0_402\""), Some(8));
        assert_eq!(java_version("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(java_version("openjdk version \"22-ea\" 2024"), Some(22));
        assert_eq!(java_version("command not found"), None);
    }
}
