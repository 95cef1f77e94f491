//! `creturn list`: the `c()` values that this engine has, in the groups of [P] creturn.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::Value;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "only values that the engine has; c(engine) and c(engine_version) are its own; nothing is stored; [P] creturn",
    examples: &[Example { run: "creturn list", expect: &[("c(N)", 0.0)] }],
    ..CommandSpec::raw("creturn", 3, run, "creturn list")
};

/// The groups of values under their titles; a rule stands between the parts of a group.
const GROUPS: &[(&str, &[&[&str]])] = &[
    (
        "System values",
        &[
            &["current_date", "current_time"],
            &["stata_version", "version", "engine", "engine_version"],
            &["flavor", "edition", "edition_real", "bit", "SE", "MP"],
            &["processors", "processors_lic", "processors_mach", "processors_max"],
            &["mode", "console"],
            &["os"],
        ],
    ),
    ("Directories and paths", &[&["tmpdir", "pwd", "dirsep"]]),
    (
        "System limits",
        &[
            &["max_N_theory", "max_k_theory", "maxvar"],
            &["max_matdim", "matsize", "max_matsize"],
            &["namelenchar", "namelenbyte", "maxstrvarlen"],
        ],
    ),
    (
        "Numerical and string limits",
        &[
            &["maxdouble", "mindouble", "epsdouble", "smallestdouble"],
            &["maxfloat", "minfloat", "epsfloat", "smallestfloat"],
            &["maxlong", "minlong", "maxint", "minint", "maxbyte", "minbyte"],
        ],
    ),
    ("Current dataset", &[&["frame"], &["N", "k", "width", "changed", "filename", "filedate", "sortedby"]]),
    ("Output settings", &[&["more", "rmsg", "dp", "linesize", "noisily"]]),
    ("Graphics settings", &[&["scheme"]]),
    ("Trace (program debugging) settings", &[&["trace"]]),
    ("RNG settings", &[&["rng", "rng_current", "seed"], &["sortseed"]]),
    ("Other settings", &[&["type", "level"], &["varabbrev"]]),
    ("Other", &[&["pi", "alpha", "ALPHA", "Mons", "Months", "Wdays", "Weekdays"], &["rc"]]),
];

/// Setting that a value comes from.
fn source(name: &str) -> &'static str {
    match name {
        "version" => "(version)",
        "more" => "(set more)",
        "rmsg" => "(set rmsg)",
        "dp" => "(set dp)",
        "linesize" => "(set linesize)",
        "scheme" => "(set scheme)",
        "trace" => "(set trace)",
        "rng" => "(set rng)",
        "seed" => "(set seed)",
        "sortseed" => "(set sortseed)",
        "type" => "(set type)",
        "level" => "(set level)",
        "varabbrev" => "(set varabbrev)",
        "pwd" => "(cd)",
        "rc" => "(capture)",
        "frame" => "(frame)",
        _ => "",
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let word = cmd.raw.trim();
    if word.is_empty() || !"list".starts_with(word) {
        return Err(StataError::syntax());
    }
    let rule = format!("    {}", "-".repeat(75));
    for (title, parts) in GROUPS {
        s.print("");
        s.print(*title);
        s.print("");
        s.print(&rule);
        for part in *parts {
            for name in *part {
                let value = match s.c_value(name)? {
                    Value::Num(x) => macro_text(x),
                    Value::Str(text) => format!("\"{text}\""),
                };
                let label = format!("c({name})");
                let line = format!("{label:>23} = {value}");
                let from = source(name);
                s.print(if from.is_empty() { line } else { format!("{line:<53}{from}") });
            }
            s.print(&rule);
        }
    }
    Ok(())
}
