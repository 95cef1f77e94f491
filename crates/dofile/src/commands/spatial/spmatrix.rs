//! `spmatrix`: weighting matrices: lists, drops, copies, describes and scales them ([SP] spmatrix).

use super::state::{Matrices, Weighting, find, keep, new_name, scaling, scaling_name};
use super::{spmatrix_files, spmatrix_make, spmatrix_mata};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, unquote};
use estimators::spatial::weights::Scaling;

/// `spmatrix`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "dense matrices of at most 3,000 units; summarize stores r(n min mean min0 max), r(type normalization); vtruncate(#) sets weights 1/distance <= # to 0; nearest neighbors are made in Mata from matafromsp and stored by spfrommata; contiguity needs shapefiles and is not supported by the open engine, nor are .stswm files (use, save); [SP] spmatrix",
    examples: &[Example {
        // Distances 1, 2 and 1 on a line: the outer rows sum to 1.5, the middle one to 2.
        run: "input id x\n1 0\n2 1\n3 2\nend\ngenerate y = 0\nspset id, coord(x y)\nspmatrix create idistance W, normalize(minmax)\nspmatrix summarize W",
        expect: &[("r(n)", 3.0), ("r(max)", 0.5), ("r(min0)", 0.25), ("r(mean)*9", 2.5)],
    }],
    ..CommandSpec::raw(
        "spmatrix",
        8,
        run,
        "spmatrix create idistance W [if] [in] [, vtruncate(#) normalize(spectral|minmax|row|none) replace]; spmatrix fromdata W = varlist [if] [in] [, idistance normalize() replace]; spmatrix userdefined W = f(varlist) [if] [in] [, normalize() replace]; spmatrix spfrommata W = matrix vector [, normalize() replace]; spmatrix matafromsp matrix vector = W; spmatrix import W using file [, replace]; spmatrix export W using file [, replace]; spmatrix normalize W [, normalize()]; spmatrix summarize W; spmatrix dir; spmatrix drop W; spmatrix copy W1 W2; spmatrix note W [: text]; spmatrix clear",
    )
};

const NORMALIZE: &[OptSpec] = &[OptSpec::text("NORMalize")];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let end = cmd.raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(cmd.raw.len());
    let (word, rest) = (&cmd.raw[..end], cmd.raw[end..].trim());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    match word {
        "" => Err(StataError::new(198, "subcommand required")),
        "create" => spmatrix_make::create(s, rest),
        "fromdata" => spmatrix_make::fromdata(s, rest),
        _ if is("userdefined", 4) => spmatrix_mata::userdefined(s, rest),
        "spfrommata" => spmatrix_mata::spfrommata(s, rest),
        "matafromsp" => spmatrix_mata::matafromsp(s, rest),
        "import" => spmatrix_files::import(s, rest),
        "export" => spmatrix_files::export(s, rest),
        _ if is("normalize", 4) => normalize(s, rest),
        _ if is("summarize", 3) => summarize(s, rest),
        "dir" => {
            ParsedCommand::whole("spmatrix dir", rest)?.check_options(&[], &[])?;
            dir(s);
            Ok(())
        }
        "drop" => {
            find(s, rest)?;
            s.extensions.state::<Matrices>().0.remove(rest);
            Ok(())
        }
        "clear" => {
            s.extensions.state::<Matrices>().0.clear();
            Ok(())
        }
        "copy" => copy(s, rest),
        "note" => note(s, rest),
        "use" | "save" => Err(StataError::unsupported_command(&format!("spmatrix {word}"))),
        _ => Err(StataError::new(198, format!("subcommand spmatrix {word} is unrecognized"))),
    }
}

fn dir(s: &mut Session) {
    let all = &s.extensions.state::<Matrices>().0;
    let lines: Vec<String> = all
        .iter()
        .map(|(name, m)| {
            let size = m.ids.len();
            format!(
                "{name:<32} {:>11} {:<9}  {:<10} {}",
                format!("{size} x {size}"),
                m.kind,
                scaling_name(m.scaling),
                m.note
            )
        })
        .collect();
    if lines.is_empty() {
        s.print("(no weighting matrices in memory)");
        return;
    }
    s.print("-".repeat(78));
    s.print(format!(
        "{:<32} {:>11} {:<9}  {:<10} {}",
        "Weighting matrix", "N x N", "Type", "Normaliz.", "Note"
    ));
    s.print("-".repeat(78));
    for line in lines {
        s.print(line.trim_end());
    }
    s.print("-".repeat(78));
}

fn copy(s: &mut Session, rest: &str) -> Result<()> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [from, to] = words[..] else { return Err(StataError::syntax()) };
    let held = find(s, from)?;
    new_name(s, to, false)?;
    s.extensions.state::<Matrices>().0.insert(to.to_string(), held);
    Ok(())
}

fn note(s: &mut Session, rest: &str) -> Result<()> {
    let Some((name, text)) = rest.split_once(':') else {
        let held = find(s, rest)?;
        s.print(&held.note);
        return Ok(());
    };
    let held = find(s, name)?;
    let made = Weighting { note: unquote(text.trim()).to_string(), ..(*held).clone() };
    s.extensions.state::<Matrices>().0.insert(name.trim().to_string(), made.into());
    Ok(())
}

fn normalize(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::whole("spmatrix normalize", rest)?;
    cmd.check_options(NORMALIZE, &[])?;
    let name = cmd.list.trim().to_string();
    let held = find(s, &name)?;
    let how = scaling(cmd.options.text("normalize"))?;
    keep(s, &name, Weighting { scaling: how, ..(*held).clone() })
}

fn summarize(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::whole("spmatrix summarize", rest)?;
    cmd.check_options(&[], &["GENerate"])?;
    let name = cmd.list.trim().to_string();
    let held = find(s, &name)?;
    let (n, cells) = (held.ids.len(), held.w.data());
    let min = cells.iter().copied().fold(f64::INFINITY, f64::min);
    let max = cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let min0 = cells.iter().copied().filter(|x| *x > 0.0).fold(f64::INFINITY, f64::min);
    let mean = cells.iter().sum::<f64>() / cells.len() as f64;
    let norm = scaling_name(held.scaling);
    let line = |label: &str, value: String| format!("{label:<16}|{value:>22}");
    let number = |x: f64| format::bare("%9.0g", x);
    s.print("");
    s.print(format!("Weighting matrix {name}"));
    s.print("-".repeat(39));
    s.print(line("           Type", held.kind.to_string()));
    s.print(line("  Normalization", norm.to_string()));
    s.print(line("      Dimension", format!("{n} x {n}")));
    s.print(line("Elements", String::new()));
    for (label, value) in [("minimum", min), ("minimum > 0", min0), ("mean", mean), ("max", max)] {
        s.print(line(&format!("   {label}"), number(value)));
    }
    s.print("-".repeat(39));
    s.r.clear();
    s.r.scalar("n", n as f64).scalar("min", min).scalar("mean", mean);
    s.r.scalar("min0", crate::value::clean(min0)).scalar("max", max);
    let scaled = if held.scaling == Scaling::None { "none" } else { norm };
    s.r.text("type", held.kind).text("normalization", scaled);
    Ok(())
}
