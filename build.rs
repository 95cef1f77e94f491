//! Lists the files of the do-template library and of the console, and takes the few files that the page of the
//! interface needs out of the archive of Swagger UI, so that the binary carries them. Writes the meaning of each
//! setting to a file, for its docstring.
#![expect(clippy::disallowed_methods, reason = "cargo hands a build script its folders in the environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "src/config/comments.rs"]
mod comments;
#[path = "crates/dofile/fixed_address.rs"]
mod fixed_address;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    fixed_address::link();
    embed("assets/stata_do_library", "library_files.rs", |_| true)?;
    // what developers of the console read is no part of it
    embed("assets/console", "console_files.rs", |name| name != "README.md")?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    write_meanings(&out.join("settings"))?;
    for name in ["dist/swagger-ui.css", "dist/swagger-ui-bundle.js", "/LICENSE"] {
        let file = out.join(name.rsplit('/').next().unwrap_or(name)).with_added_extension("gz");
        std::fs::write(file, gzipped(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED, name))?;
    }
    Ok(())
}

/// Writes one file for each setting, by its key, with the comment above it in the defaults.
fn write_meanings(folder: &Path) -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=src/config/comments.rs");
    println!("cargo:rerun-if-changed=config/default.toml");
    std::fs::create_dir_all(folder)?;
    for (key, meaning) in comments::documented_lines(&std::fs::read_to_string("config/default.toml")?) {
        std::fs::write(folder.join(key), meaning)?;
    }
    Ok(())
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

/// One file of a ZIP archive as gzip. Both hold the same deflate stream, CRC-32 and size (PKWARE APPNOTE 6.3.10,
/// sections 4.3.7 to 4.3.16; RFC 1952), so that nothing is compressed anew.
fn gzipped(archive: &[u8], wanted: &str) -> Vec<u8> {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([archive[at], archive[at + 1]]));
    let u32_at = |at: usize| {
        let bytes = archive[at..at + 4].try_into().expect("four bytes");
        usize::try_from(u32::from_le_bytes(bytes)).expect("an offset of an archive in memory")
    };
    let end =
        archive.windows(4).rposition(|four| four == b"PK\x05\x06").expect("the archive has a directory");
    let mut entry = u32_at(end + 16);
    for _ in 0..u16_at(end + 10) {
        let (method, compressed) = (u16_at(entry + 10), u32_at(entry + 20));
        let name_length = u16_at(entry + 28);
        let name = &archive[entry + 46..entry + 46 + name_length];
        if name.ends_with(wanted.as_bytes()) && name.iter().filter(|b| **b == b'/').count() <= 2 {
            assert_eq!(method, 8, "{wanted} is deflated");
            let local = u32_at(entry + 42);
            let data = local + 30 + u16_at(local + 26) + u16_at(local + 28);
            let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
            out.extend_from_slice(&archive[data..data + compressed]);
            out.extend_from_slice(&archive[entry + 16..entry + 20]);
            out.extend_from_slice(&archive[entry + 24..entry + 28]);
            return out;
        }
        entry += 46 + name_length + u16_at(entry + 30) + u16_at(entry + 32);
    }
    panic!("the archive of Swagger UI has no {wanted}")
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
