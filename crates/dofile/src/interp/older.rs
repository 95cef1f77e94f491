//! Commands under the names of older versions of Stata, which their successors run.

use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::top_level_comma;

/// The line of today for a command of an older version.
pub(super) fn modern(word: &str, rest: &str) -> Option<String> {
    let line = match word {
        "aorder" => format!("order {}, alphabetic", if rest.trim().is_empty() { "_all" } else { rest }),
        // bs "command" "expressions" [, options]
        "bs" | "bstrap" => {
            let mut parts = rest.split('"');
            let (_, command, _, list) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            format!("bootstrap {list}{}: {command}", parts.next()?)
        }
        "cwf" => format!("frame change {rest}"),
        "dwstat" => format!("estat dwatson {rest}"),
        "durbina" => format!("estat durbinalt {rest}"),
        "bgodfrey" => format!("estat bgodfrey {rest}"),
        "archlm" => format!("estat archlm {rest}"),
        "imtest" => format!("estat imtest {rest}"),
        "szroeter" => format!("estat szroeter {rest}"),
        "levels" => format!("levelsof {rest}"),
        "lfit" => format!("estat gof {rest}"),
        "lstat" => format!("estat classification {rest}"),
        "means" => format!("ameans {rest}"),
        "meqrlogit" | "xtmelogit" => format!("melogit {rest}"),
        "meqrpoisson" | "xtmepoisson" => format!("mepoisson {rest}"),
        "poisgof" => format!("estat gof {}", rest.replace("pearson", "")),
        "pwf" => "frame".to_string(),
        "renpfix" => {
            let mut names = rest.split_whitespace();
            let (from, to) = (names.next()?, names.next().unwrap_or_default());
            format!("rename {from}* {to}*")
        }
        "st" => format!("stset {rest}"),
        "stpower" => format!("power {rest}"),
        "sw" => format!("stepwise {rest}"),
        "treatreg" => format!("etregress {rest}"),
        "vce" => format!("estat vce {rest}"),
        "ztnb" => format!("tnbreg {rest}"),
        "ztp" => format!("tpoisson {rest}"),
        "move" => {
            let mut names = rest.split_whitespace();
            let (first, second) = (names.next()?, names.next()?);
            format!("order {first}, before({second})")
        }
        _ => return survey(word, rest),
    };
    Some(line)
}

/// Commands of surveys before version 9: `svymean y, by(g) subpop(d)` is `svy, subpop(d): mean y, over(g)`.
fn survey(word: &str, rest: &str) -> Option<String> {
    let command = match word.strip_prefix("svy")? {
        "tab" | "tabulate" => "tabulate",
        "reg" | "regress" => "regress",
        "prop" => "proportion",
        known @ ("mean" | "total" | "ratio" | "logit" | "logistic" | "probit" | "mlogit" | "ologit"
        | "oprobit" | "poisson" | "nbreg" | "intreg") => known,
        _ => return None,
    };
    let (list, options) = match top_level_comma(rest) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    };
    let (mut prefix, mut own) = (String::new(), String::new());
    for (name, argument) in split_options(options).ok()? {
        let option = argument.map_or(name.clone(), |a| format!("{name}({a})"));
        if abbreviates(&name, "SUBpop") {
            prefix = format!(", {option}");
        } else if name == "by" {
            own.push_str(&option.replacen("by", " over", 1));
        } else {
            own.push_str(&format!(" {option}"));
        }
    }
    let own = if own.is_empty() { own } else { format!(",{own}") };
    Some(format!("svy{prefix}: {command} {list}{own}"))
}
