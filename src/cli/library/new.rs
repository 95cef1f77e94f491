//! `stata-service library new`: the files of a new template, with every place marked that its author has to
//! fill; `library check` refuses what is still marked.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{BROKEN, OK, USAGE, report};
use crate::domain::canonical::sha256_hex;
use crate::domain::ids::TemplateId;
use crate::library::terms::FAMILIES;
use crate::library::validate::PLACEHOLDER;
use crate::library::{Library, index, load};

const META: &str = include_str!("scaffold.meta.json");
const BODY: &str = include_str!("scaffold.do.txt");
const DATA: &str = "outcome,group\n1.5,a\n2.5,a\n4,b\n6,b\n";
/// The numbers of the scaffold's own data: (1.5 + 2.5 + 4 + 6) / 4.
const GOLDEN: &str = r#"{"source": "FILL: tool and version", "tolerance": {"default": 1e-08}, "tables": {"table_mean.csv": {"key": ["variable"], "rows": [{"variable": "outcome", "n": 4, "mean": 3.5}]}}, "metrics": {"n_used": 4, "mean": 3.5}}
"#;

#[derive(Debug, Args)]
pub struct NewArgs {
    /// `family.name`, such as linear.ridge
    pub id: String,
    /// The library's folder
    #[arg(long, default_value = "assets/stata_do_library")]
    pub dir: PathBuf,
}

/// Writes the files; nothing is replaced.
pub(super) fn run(args: &NewArgs, out: &mut impl Write) -> std::io::Result<u8> {
    let Some((family, name)) =
        args.id.split_once('.').filter(|_| TemplateId::parse(args.id.as_str()).is_ok())
    else {
        writeln!(out, "{} is not an id: a family, a point and a name of small letters", args.id)?;
        return Ok(USAGE);
    };
    if !FAMILIES.contains(&family) {
        writeln!(out, "{family} is not a family; known are {}", FAMILIES.join(", "))?;
        return Ok(USAGE);
    }
    let body = BODY.replace("{id}", &args.id);
    let data = format!("datasets/{family}_{name}.csv");
    let golden = format!("datasets/{family}_{name}.{name}.json");
    let meta = META
        .replace("{id}", &args.id)
        .replace("{family}", family)
        .replace("{data}", &data)
        .replace("{golden}", &golden)
        .replace("{sha256}", &sha256_hex(body.as_bytes()));
    let body_path = format!("do/{}.do", args.id);
    let meta_path = format!("meta/{}.meta.json", args.id);
    let files = [(&body_path, body.as_str()), (&meta_path, meta.as_str()), (&data, DATA), (&golden, GOLDEN)];
    if let Some((path, _)) = files.iter().find(|(path, _)| args.dir.join(path).exists()) {
        writeln!(out, "{path} exists already")?;
        return Ok(USAGE);
    }
    for (path, text) in files {
        let target = args.dir.join(path);
        fs::create_dir_all(target.parent().unwrap_or(&args.dir))?;
        fs::write(target, text)?;
        writeln!(out, "wrote {path}")?;
    }
    if let Err(code) = renew_index(&args.dir, out)? {
        return Ok(code);
    }
    writeln!(out, "\nfill in what says {PLACEHOLDER}")?;
    for (path, text) in files {
        for (i, line) in text.lines().enumerate().filter(|(_, line)| line.contains(PLACEHOLDER)) {
            writeln!(out, "  {path}:{}: {}", i + 1, line.trim().trim_end_matches(','))?;
        }
    }
    writeln!(out, "replace {data} and {golden} by data and numbers of an independent program")?;
    writeln!(out, "then: library index, library check, library run {}", args.id)?;
    Ok(OK)
}

fn renew_index(dir: &Path, out: &mut impl Write) -> std::io::Result<Result<(), u8>> {
    match Library::from_dir(dir) {
        Ok(library) => {
            fs::write(dir.join(load::INDEX_PATH), index::to_bytes(&index::generate(&library)))?;
            Ok(Ok(()))
        }
        Err(problems) => {
            report(&problems, out)?;
            Ok(Err(BROKEN))
        }
    }
}
