//! Lists the files of the do-template library, so that the binary carries them.
#![expect(clippy::disallowed_methods, reason = "cargo hands a build script its folders in the environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let library = root.join("assets/stata_do_library");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", library.display());
    let mut paths = Vec::new();
    if library.is_dir() {
        collect(&library, &mut paths)?;
    }
    paths.sort();
    let mut code = String::from("&[\n");
    for path in paths {
        let name = path.strip_prefix(&library).expect("found below it").to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({name:?}, include_bytes!({:?}).as_slice()),", path.display().to_string())
            .expect("writing to a string");
    }
    code.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("library_files.rs"), code)
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
