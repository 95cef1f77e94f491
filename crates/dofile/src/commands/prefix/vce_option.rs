//! `vce(bootstrap [, options])` and `vce(jackknife [, options])` of estimation commands: the prefixes of these names on the
//! command without the option ([R] vce_option).

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::estimation::survival::Settings;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{top_level_comma, words};
use crate::tsset::Panel;

/// Commands whose manual entry lists both.
const COMMANDS: &[&str] = &[
    "areg",
    "betareg",
    "biprobit",
    "churdle",
    "cloglog",
    "cnsreg",
    "cpoisson",
    "fracreg",
    "frontier",
    "glm",
    "gnbreg",
    "heckman",
    "heckpoisson",
    "heckprobit",
    "hetprobit",
    "hetregress",
    "intreg",
    "ivprobit",
    "ivregress",
    "ivtobit",
    "logistic",
    "logit",
    "mean",
    "mlogit",
    "mprobit",
    "nbreg",
    "nl",
    "ologit",
    "oprobit",
    "poisson",
    "probit",
    "proportion",
    "ratio",
    "regress",
    "scobit",
    "slogit",
    "stcox",
    "stcrreg",
    "streg",
    "tnbreg",
    "tobit",
    "total",
    "tpoisson",
    "truncreg",
    "zinb",
    "ziologit",
    "zioprobit",
    "zip",
];

/// Commands that resample panels or groups.
const PANEL: &[&str] =
    &["clogit", "xtgee", "xtivreg", "xtlogit", "xtologit", "xtoprobit", "xtpoisson", "xtprobit", "xtreg"];

/// Runs the command under its prefix. Returns false when the line does not ask for one.
///
/// # Errors
/// r(190) with `by`; the errors of the prefix and of the command.
pub(crate) fn run(s: &mut Session, name: &str, rest: &str) -> Result<bool> {
    if !rest.contains("vce(") || !(COMMANDS.contains(&name) || PANEL.contains(&name)) {
        return Ok(false);
    }
    let Some(comma) = top_level_comma(rest) else { return Ok(false) };
    let options = split_options(&rest[comma + 1..])?;
    let Some((prefix, inner)) = options.iter().find_map(asked) else { return Ok(false) };
    if s.by.is_some() {
        return Err(StataError::new(190, format!("vce({prefix}) may not be combined with by")));
    }
    let mut head = inner.to_string();
    let mut kept = String::new();
    let mut group = None;
    for (option, argument) in &options {
        let shown = argument.as_ref().map_or(option.clone(), |a| format!("{option}({a})"));
        match argument {
            Some(_) if option == "vce" => {}
            Some(_) if abbreviates(option, "Level") || abbreviates(option, "CLuster") => {
                head.push_str(&format!(" {shown}"));
            }
            _ => kept.push_str(&format!(" {shown}")),
        }
        if name == "clogit" && (abbreviates(option, "GRoup") || abbreviates(option, "STRata")) {
            group.clone_from(argument);
        }
    }
    let unit = unit(s, name, group)?;
    if let Some(unit) = unit.filter(|_| !names_cluster(&head)) {
        head.push_str(&format!(" cluster({unit})"));
        if prefix == "bootstrap" {
            // a panel that is drawn twice counts as two panels
            head.push_str(&format!(" idcluster({unit})"));
        }
    }
    let separator = if kept.is_empty() { "" } else { "," };
    let command = format!("{name} {}{separator}{kept}", rest[..comma].trim());
    s.run_expanded(&format!("{prefix}, {head}: {command}"))?;
    s.e.results.text("cmdline", format!("{name} {}", rest.trim()));
    Ok(true)
}

fn names_cluster(head: &str) -> bool {
    words(head).iter().any(|w| w.split_once('(').is_some_and(|(n, _)| abbreviates(n, "CLuster")))
}

/// The prefix that `vce(bootstrap, ...)` or `vce(jackknife, ...)` names, and its options.
fn asked((option, argument): &(String, Option<String>)) -> Option<(&'static str, &str)> {
    let text = argument.as_deref().filter(|_| option == "vce")?;
    let (kind, rest) = text.split_once(',').unwrap_or((text, ""));
    let kind = kind.trim();
    let prefix = if abbreviates(kind, "BOOTstrap") || kind == "bstrap" {
        "bootstrap"
    } else if abbreviates(kind, "JACKknife") || abbreviates(kind, "JKnife") {
        "jackknife"
    } else {
        return None;
    };
    Some((prefix, rest.trim()))
}

/// The variable whose groups are resampled as a whole.
fn unit(s: &Session, name: &str, group: Option<String>) -> Result<Option<String>> {
    if name == "clogit" {
        return Ok(group);
    }
    if name.starts_with("st") {
        return Ok(Some(Settings::of(&s.frame)?.id).filter(|id| !id.is_empty()));
    }
    if !PANEL.contains(&name) {
        return Ok(None);
    }
    Ok(Panel::of(&s.frame)?.panel.map(|p| s.frame.var(p).name.clone()))
}
