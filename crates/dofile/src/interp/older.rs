//! Commands under the names of older versions of Stata, which their successors run.

use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{front_and_options, top_level_comma, unquote, words};

/// The line of today for a command of an older version.
pub(super) fn modern(word: &str, rest: &str) -> Option<String> {
    let line = match word {
        "aorder" => format!("order {}, alphabetic", if rest.trim().is_empty() { "_all" } else { rest }),
        "bs" | "bstrap" => bootstrap(rest)?,
        "cwf" => format!("frame change {rest}"),
        "dwstat" => format!("estat dwatson {rest}"),
        "durbina" => format!("estat durbinalt {rest}"),
        "bgodfrey" => format!("estat bgodfrey {rest}"),
        "archlm" => format!("estat archlm {rest}"),
        "fdause" => format!("import sasxport5 {rest}"),
        "fit" => format!("regress {rest}"),
        "greigen" => format!("screeplot {rest}"),
        "hlogit" | "hprobit" | "hreg" | "huber" => huber(word, rest)?,
        "imtest" => format!("estat imtest {rest}"),
        "score" => format!("predict {rest}"),
        "stphtest" => format!("estat phtest {rest}"),
        "szroeter" => format!("estat szroeter {rest}"),
        "jknife" => format!("jackknife {rest}"),
        "levels" => format!("levelsof {rest}"),
        "lfit" => format!("estat gof {rest}"),
        "lstat" => format!("estat classification {rest}"),
        "means" => format!("ameans {rest}"),
        "meqrlogit" | "xtmelogit" => format!("melogit {rest}"),
        "meqrpoisson" | "xtmepoisson" => format!("mepoisson {rest}"),
        "parse" => format!("tokenize {rest}"),
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
        "xtclog" => format!("xtcloglog {rest}"),
        "xtpois" => format!("xtpoisson {rest}"),
        "ztnb" => format!("tnbreg {rest}"),
        "ztp" => format!("tpoisson {rest}"),
        "move" => {
            let mut names = rest.split_whitespace();
            let (first, second) = (names.next()?, names.next()?);
            format!("order {first}, before({second})")
        }
        "svymean" | "svytotal" | "svyratio" => survey(&word[3..], rest, "over")?,
        "svyprop" | "svyproportion" => survey("proportion", rest, "over")?,
        "svytab" | "svytabulate" => survey("tabulate", rest, "by")?,
        "svyreg" => survey("regress", rest, "by")?,
        "svyregress" | "svylogit" | "svylogistic" | "svyprobit" | "svyologit" | "svyoprobit"
        | "svymlogit" | "svypoisson" | "svynbreg" | "svyintreg" | "svyheckman" => {
            survey(&word[3..], rest, "by")?
        }
        _ => return None,
    };
    Some(line)
}

/// Models with Huber's standard errors of version 4, `hreg y x, group(id)`, as models with robust ones.
fn huber(word: &str, rest: &str) -> Option<String> {
    let command = match word {
        "hlogit" => "logit",
        "hprobit" => "probit",
        _ => "regress",
    };
    let (list, given) = front_and_options(rest);
    let mut options = String::from(" robust");
    for (name, argument) in split_options(given).ok()? {
        match argument {
            Some(argument) if abbreviates(&name, "GRoup") => {
                options.push_str(&format!(" cluster({argument})"))
            }
            Some(argument) => options.push_str(&format!(" {name}({argument})")),
            None => options.push_str(&format!(" {name}")),
        }
    }
    Some(format!("{command} {list},{options}"))
}

/// A survey command of version 8 as `svy, subpop(): command`; `by()` of means and totals is `over()` today.
fn survey(command: &str, rest: &str, by: &str) -> Option<String> {
    let (list, given) = front_and_options(rest);
    let (mut subpop, mut options) = (String::new(), String::new());
    for (name, argument) in split_options(given).ok()? {
        match argument {
            Some(argument) if abbreviates(&name, "SUBpop") => subpop = format!(", subpop({argument})"),
            Some(argument) if name == "by" => options.push_str(&format!(" {by}({argument})")),
            Some(argument) => options.push_str(&format!(" {name}({argument})")),
            None => options.push_str(&format!(" {name}")),
        }
    }
    Some(format!("svy{subpop}: {command} {list},{options}"))
}

/// `bs "command" "expressions" [, options]` of version 8 as `bootstrap`.
fn bootstrap(rest: &str) -> Option<String> {
    let at = top_level_comma(rest).unwrap_or(rest.len());
    let parts = words(&rest[..at]);
    let [command, expressions] = parts[..] else { return None };
    Some(format!("bootstrap {}{}: {}", unquote(expressions), &rest[at..], unquote(command)))
}
