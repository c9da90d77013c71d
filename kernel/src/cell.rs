//! Compiling a cell without asking cargo, and without linking the library anew.
//!
//! evcxr builds every cell with cargo, which looks at each of the library's hundred crates, finds that only the cell is
//! new, and calls the compiler, which links all of them into it. Where a linker called `mold` is installed, evcxr has
//! that run cargo: `mold -run CARGO build ...`. A link of that name to this program is first on a kernel's path, so
//! that the program may decide:
//!
//! - Cells that ask for new dependencies go to cargo. It calls the compiler through this program, which notes the call
//!   down: a [`Recipe`].
//! - All other cells are compiled by that call alone, and linked to *one* shared library, which holds the library and
//!   everything that it is made of.
//!
//! The template has the recipes for no dependencies and for the notebooks' own, so that a kernel seldom needs cargo.

use crate::copy;
use crate::key::digest;
use crate::recipe::Recipe;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode, Output};

/// The crate that evcxr makes of a cell.
const CELL: &str = "ctx";
/// The member of the workspace that is the shared library.
const SHARED: &str = "cortado_shared";

/// The template of the kernel that a cell belongs to; not set while a template is being made.
const TEMPLATE: &str = "CORTADO_TEMPLATE";
/// A digest of the kernel's environment, from which one tells whether a cell's is different.
pub(crate) const SURROUNDINGS: &str = "CORTADO_SURROUNDINGS";
/// The file for the recipe that is to be noted down; set for cargo and what it calls.
const NOTE: &str = "CORTADO_RECIPE";
/// evcxr's name for the file that tells where the compiled cell is.
const COMPILED: &str = "EVCXR_EXECUTION_SO_PATH";

/// The environment in which evcxr calls this program in cargo's place, for cells in the workspace `folder`.
pub(crate) fn variables(folder: &Path, template: Option<&Path>) -> Result<Vec<(&'static str, OsString)>> {
    let tools = folder.join("tools");
    let program = env::current_exe().context("cannot tell where this program is")?;
    fs::create_dir_all(&tools)
        .and_then(|()| symlink(program, tools.join("mold")))
        .with_context(|| format!("cannot write in {}", tools.display()))?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(tools).chain(env::split_paths(&path)))?;
    let template = template.map(|template| (TEMPLATE, template.as_os_str().to_owned()));
    Ok([("PATH", path)].into_iter().chain(template).collect())
}

/// A digest of this process's environment, but for what evcxr sets for every cell.
pub(crate) fn surroundings() -> String {
    const OF_A_CELL: [&str; 7] = [
        "CARGO_BUILD_BUILD_DIR",
        "CARGO_TARGET_DIR",
        "EVCXR_CORE_EXTERN",
        COMPILED,
        "RUSTC",
        "RUSTFLAGS",
        SURROUNDINGS,
    ];
    let others = env::vars_os().filter(|(name, _)| OF_A_CELL.iter().all(|other| name != other));
    digest(others.collect::<BTreeMap<_, _>>())
}

/// Does the work of this program where it was called in the place of another one. It comes back only if it failed, or
/// was called as itself.
pub(crate) fn stand_in() -> Option<ExitCode> {
    let mut arguments = env::args_os();
    let name = PathBuf::from(arguments.next()?);
    let done = if env::var_os(NOTE).is_some() {
        call_compiler(&arguments.collect::<Vec<_>>())
    } else if name.file_name()? == "mold" {
        call_cargo(&arguments.skip(1).collect::<Vec<_>>())
    } else {
        return None;
    };
    let Err(error) = done;
    eprintln!("error: {error:#}");
    Some(ExitCode::FAILURE)
}

/// What evcxr asks of cargo, in the cells' folder.
fn call_cargo(call: &[OsString]) -> Result<Infallible> {
    let (program, arguments) = call.split_first().context("there is no program to run")?;
    let mut cargo = Command::new(program);
    cargo.args(arguments);
    let asked = |task: &str| arguments.iter().any(|argument| argument == task);
    if asked("build") || asked("check") {
        let kernel = Kernel::here()?;
        // A compiler wrapper of the reader's, or variables set with `:env`: cargo knows what to do with them.
        let plain = env::var(SURROUNDINGS).is_ok_and(|noted| noted == surroundings());
        let name = recipe_name(call)?;
        if plain && let Some(recipe) = kernel.recipe(&name) {
            return if asked("build") { kernel.compile(recipe) } else { kernel.check(recipe) };
        }
        kernel.furnish()?;
        if plain && asked("build") {
            if kernel.template.is_none() {
                cargo.arg("--workspace");
            }
            fs::create_dir_all(kernel.recipes()).context("cannot make the recipes' folder")?;
            cargo.env("RUSTC_WRAPPER", env::current_exe()?).env(NOTE, kernel.recipes().join(name));
        }
    }
    Err(cargo.exec()).context("cannot run cargo")
}

/// The name of the recipe for the cell as it is now: of all that decides how cargo calls the compiler to build it.
fn recipe_name(call: &[OsString]) -> Result<String> {
    let to_build = |word: &OsString| if word == "check" { "build".into() } else { word.clone() };
    let call: Vec<_> = call.iter().map(to_build).collect();
    let cells = env::current_dir()?;
    let manifests = ["Cargo.toml", ".cargo/config.toml"].map(|name| fs::read(cells.join(name)).unwrap_or_default());
    Ok(digest((call, ["RUSTC", "RUSTFLAGS"].map(env::var_os), manifests)))
}

/// The compiler, as cargo calls it for any crate. The calls for a cell and for the shared library are noted down.
fn call_compiler(call: &[OsString]) -> Result<Infallible> {
    let (program, arguments) = call.split_first().context("there is no compiler to run")?;
    let note = PathBuf::from(env::var_os(NOTE).unwrap_or_default());
    if let Some(recipe) = Recipe::of_this_process(program, arguments) {
        match recipe.option("--crate-name") {
            Some(CELL) => {
                recipe.write(&note)?;
                let results = recipe.option("--out-dir").context("the compiler was told no folder")?;
                announce(Path::new(results))?;
            }
            Some(SHARED) => recipe.write(&note.with_file_name(SHARED))?,
            _ => {}
        }
    }
    Err(Command::new(program).args(arguments).exec()).context("cannot run the compiler")
}

/// Tells evcxr that the compiled cell will be in `results`. It looks there only if the compiler succeeds.
fn announce(results: &Path) -> Result<()> {
    let Some(file) = env::var_os(COMPILED) else { return Ok(()) };
    let cell = results.join(format!("lib{CELL}.so"));
    fs::write(file, cell.as_os_str().as_encoded_bytes()).context("cannot tell where the cell is")
}

/// A kernel, as seen from a process that is to compile a cell for it.
struct Kernel {
    folder: PathBuf,
    template: Option<PathBuf>,
}

impl Kernel {
    fn here() -> Result<Self> {
        let cells = env::current_dir()?;
        let folder = cells.parent().context("the cells' folder has no parent")?.to_owned();
        Ok(Self { folder, template: env::var_os(TEMPLATE).map(PathBuf::from) })
    }

    fn recipes(&self) -> PathBuf {
        self.folder.join("recipes")
    }

    /// The recipe of a name, of this kernel's own or the template's. There is none to go by while a template is being
    /// made, since cargo alone knows what is fresh.
    fn recipe(&self, name: &str) -> Option<Recipe> {
        let template = self.template.as_ref()?;
        [&self.folder, template]
            .into_iter()
            .find_map(|place| Some(Recipe::read(&place.join("recipes").join(name))?.moved_to(place)))
    }

    /// The folder for what recipes make.
    fn results(&self) -> Result<PathBuf> {
        let results = self.folder.join("compiled");
        fs::create_dir_all(&results).with_context(|| format!("cannot make {}", results.display()))?;
        Ok(results)
    }

    /// Compiles the cell by a recipe.
    fn compile(&self, recipe: Recipe) -> Result<Infallible> {
        let results = self.results()?;
        let recipe = recipe.into_folder(&results);
        announce(&results)?;
        if let Some(library) = self.shared_library(&recipe) {
            let compiled = self.compile_with(&library, &recipe)?;
            // Functions in C are in the shared library, but only their callers in it know their names: a cell that
            // calls them from a generic function of Rust needs them in itself.
            let linking = "linking with `".as_bytes();
            if compiled.status.success() || !compiled.stderr.windows(linking.len()).any(|words| words == linking) {
                io::stderr().write_all(&compiled.stderr)?;
                process::exit(compiled.status.code().unwrap_or(1));
            }
        }
        Err(recipe.command(&self.folder).exec()).context("cannot run the compiler")
    }

    /// Compiles the cell with everything else in a shared library.
    fn compile_with(&self, library: &Path, recipe: &Recipe) -> Result<Output> {
        let file = self.folder.join("cells/src/lib.rs");
        let source = fs::read_to_string(&file).context("cannot read the cell")?;
        let with_library = format!("{source}\nextern crate {SHARED} as _;\n");
        fs::write(&file, with_library).context("cannot add to the cell")?;
        let mut compiler = recipe.command(&self.folder);
        compiler.arg("--extern").arg(format!("{SHARED}={}", library.display()));
        // What is missing is to be missed now, and not when the cell is loaded.
        compiler.arg("-Clink-arg=-Wl,-z,defs");
        let compiled = compiler.output().context("cannot run the compiler")?;
        fs::write(&file, source).context("cannot put the cell back")?;
        Ok(compiled)
    }

    /// Looks for errors in the cell. Cargo would check every crate below it first, which takes minutes.
    fn check(&self, recipe: Recipe) -> Result<Infallible> {
        let recipe = recipe.into_folder(&self.results()?).for_errors_only();
        Err(recipe.command(&self.folder).exec()).context("cannot run the compiler")
    }

    /// The template's shared library, if the library that the cell is compiled with is the very file that it was made
    /// of: a cell may have asked for crates that changed that.
    fn shared_library(&self, recipe: &Recipe) -> Option<PathBuf> {
        let template = self.template.as_ref()?;
        let shared = Recipe::read(&template.join("recipes").join(SHARED))?.moved_to(template);
        let file = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        let the_same = file(shared.library()?)? == file(recipe.library()?)?;
        the_same.then_some(Path::new(shared.option("--out-dir")?).join(format!("lib{SHARED}.so")))
    }

    /// Gives cargo what it needs to see that everything is fresh.
    fn furnish(&self) -> Result<()> {
        let furnished = self.folder.join("furnished");
        match &self.template {
            Some(template) if !furnished.exists() => {
                copy::target(template, &self.folder)?;
                fs::write(&furnished, "").with_context(|| format!("cannot write {}", furnished.display()))
            }
            _ => Ok(()),
        }
    }
}
