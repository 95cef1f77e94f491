//! Commands under the names of older versions of Stata, which their successors run.

/// The line of today for a command of an older version.
pub(super) fn modern(word: &str, rest: &str) -> Option<String> {
    let line = match word {
        "aorder" => format!("order {}, alphabetic", if rest.trim().is_empty() { "_all" } else { rest }),
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
        "meqrlogit" | "xtmelogit" => format!("melogit {rest}"),
        "meqrpoisson" | "xtmepoisson" => format!("mepoisson {rest}"),
        "pwf" => "frame".to_string(),
        "renpfix" => {
            let mut names = rest.split_whitespace();
            let (from, to) = (names.next()?, names.next().unwrap_or_default());
            format!("rename {from}* {to}*")
        }
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
        _ => return None,
    };
    Some(line)
}
