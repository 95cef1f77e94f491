//! Lists the files of the do-template library and of the console, so that the binary carries them.
#![expect(clippy::disallowed_methods, reason = "cargo hands a build script its folders in the environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    embed("assets/stata_do_library", "library_files.rs", |_| true)?;
    // what developers of the console read is no part of it
    embed("assets/console", "console_files.rs", |name| name != "README.md")
}

/// Writes a slice of names and bytes of all files below a folder.
fn embed(folder: &str, out_name: &str, belongs: impl Fn(&str) -> bool) -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join(folder);
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut paths = Vec::new();
    if folder.is_dir() {
        collect(&folder, &mut paths)?;
    }
    paths.sort();
    let mut code = String::from("&[\n");
    for path in paths {
        let name = path.strip_prefix(&folder).expect("found below it").to_string_lossy().replace('\\', "/");
        if belongs(&name) {
            writeln!(code, "    ({name:?}, include_bytes!({:?}).as_slice()),", path.display().to_string())
                .expect("writing to a string");
        }
    }
    code.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join(out_name), code)
}

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
