//! The order of rows, weights and rows that they stand for, missing values, regressors that tell nothing new, and the level
//! that is the base do not change what is estimated.

use super::cases::{BINARY, CATEGORICAL, COUNTS, LIMITED, LINEAR, MIXED, PANELS, SERIES, SURVIVAL, SYSTEMS};
use super::{Case, Fit, estimates, none, prepared};

fn all() -> impl Iterator<Item = &'static Case> {
    [LINEAR, BINARY, LIMITED, COUNTS, CATEGORICAL, SURVIVAL, MIXED, PANELS, SERIES, SYSTEMS]
        .into_iter()
        .flatten()
}

/// Where the options of a command begin: its first comma outside of parentheses and braces.
fn options_at(command: &str) -> usize {
    let mut depth = 0;
    let at = command.char_indices().find(|(_, c)| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && *c == ','
    });
    at.map_or(command.len(), |(i, _)| i)
}

/// The command with a weight or a condition before its options, or before its levels.
fn with(command: &str, text: &str) -> String {
    let at = command.find("||").unwrap_or_else(|| options_at(command));
    format!(
        "{} {text}{}{}",
        command[..at].trim_end(),
        if at < command.len() { " " } else { "" },
        &command[at..]
    )
}

fn with_option(command: &str, option: &str) -> String {
    let comma = if options_at(command) == command.len() { "," } else { "" };
    format!("{command}{comma} {option}")
}

/// A case with weights, which survival models have from `stset`: what prepares the data, and the command.
fn weighted(case: &Case, weight: &str) -> (String, String) {
    let weight = format!("[{weight}]");
    match case.prepare.rsplit_once("stset ") {
        Some((before, set)) => (format!("{before}stset {}", with(set, &weight)), case.command.to_string()),
        None => (case.prepare.to_string(), with(case.command, &weight)),
    }
}

/// Two ways to the same estimates.
struct Pair<'a> {
    what: String,
    first: (Vec<&'a str>, &'a str),
    second: (Vec<&'a str>, &'a str),
}

impl Pair<'_> {
    fn complaint(&self, picked: impl Fn(&str) -> bool) -> Option<String> {
        let fit = |(before, command): &(Vec<&str>, &str)| estimates(&mut prepared(before), command);
        let found = match (fit(&self.first), fit(&self.second)) {
            (Ok(a), Ok(b)) => a.difference(&b, picked),
            (a, b) => Some(format!("r({}) and r({})", a.err().unwrap_or(0), b.err().unwrap_or(0))),
        };
        found.map(|what| format!("{}: {what}", self.what))
    }
}

fn every(_: &str) -> bool {
    true
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let shuffle = "set seed 99; generate shuffled = runiform(); sort shuffled";
    let of = |case: &'static Case| {
        let pair = Pair {
            what: format!("{} ({})", case.command, case.prepare),
            first: (vec![case.prepare], case.command),
            second: (vec![shuffle, case.prepare], case.command),
        };
        pair.complaint(every)
    };
    none(&all().filter(|case| !case.has('o')).filter_map(of).collect::<Vec<_>>());
}

#[test]
fn frequency_weights_are_rows_that_repeat() {
    let of = |case: &'static Case| {
        let (before, command) = weighted(case, "fw=wt");
        let pair = Pair {
            what: format!("{command} ({before})"),
            first: (vec![before.as_str()], &command),
            second: (vec!["expand wt", case.prepare], case.command),
        };
        pair.complaint(every)
    };
    none(&all().filter(|case| case.weights.contains('f')).filter_map(of).collect::<Vec<_>>());
}

#[test]
fn sampling_and_analytic_weights_have_no_unit() {
    let mut complaints = Vec::new();
    for (kind, letter) in [("pw", 'p'), ("aw", 'a')] {
        for case in all().filter(|case| case.weights.contains(letter)) {
            let (before, command) = weighted(case, &format!("{kind}=wt"));
            let (before_scaled, scaled) = weighted(case, &format!("{kind}=scaled"));
            let pair = Pair {
                what: format!("{command} ({before})"),
                first: (vec!["generate double scaled = 3.75*wt", before.as_str()], &command),
                second: (vec!["generate double scaled = 3.75*wt", before_scaled.as_str()], &scaled),
            };
            let fit = |(before, command): &(Vec<&str>, &str)| estimates(&mut prepared(before), command);
            // a pseudolikelihood has the unit of its weights
            let without = |fit: Result<Fit, i32>| fit.map(|fit| Fit { ll: None, ..fit });
            let found = match (without(fit(&pair.first)), without(fit(&pair.second))) {
                (Ok(a), Ok(b)) => a.difference(&b, every),
                (a, b) => Some(format!("r({}) and r({})", a.err().unwrap_or(0), b.err().unwrap_or(0))),
            };
            complaints.extend(found.map(|what| format!("{}: {what}", pair.what)));
        }
    }
    none(&complaints);
}

#[test]
fn importance_weights_of_one_are_none() {
    let of = |case: &'static Case| {
        let (before, command) = weighted(case, "iw=one");
        let pair = Pair {
            what: format!("{command} ({before})"),
            first: (vec!["generate one = 1", before.as_str()], &command),
            second: (vec![case.prepare], case.command),
        };
        pair.complaint(every)
    };
    none(&all().filter(|case| case.weights.contains('i')).filter_map(of).collect::<Vec<_>>());
}

#[test]
fn rows_with_missing_values_are_those_outside_the_sample() {
    let holes = "quietly replace x = . if mod(_n, 11) == 0; quietly replace z = . if mod(_n, 13) == 0; \
                 quietly replace v = . if mod(_n, 17) == 0; quietly replace q = . if mod(_n, 19) == 0";
    let mut complaints = Vec::new();
    for case in all().filter(|case| !case.has('m')) {
        let mut s = prepared(&[holes, case.prepare]);
        let first = estimates(&mut s, case.command);
        let found = match first {
            Ok(first) => {
                let (log, rc) = s.run_captured("keep if e(sample)");
                assert_eq!(rc, 0, "{log}");
                match estimates(&mut s, case.command) {
                    Ok(second) if first.n != second.n => {
                        Some(format!("{:?} and {:?} rows", first.n, second.n))
                    }
                    Ok(second) => first.difference(&second, every),
                    Err(rc) => Some(format!("r({rc}) after keep")),
                }
            }
            Err(rc) => Some(format!("r({rc})")),
        };
        complaints.extend(found.map(|what| format!("{} ({}): {what}", case.command, case.prepare)));
    }
    none(&complaints);
}

#[test]
fn a_condition_keeps_rows() {
    let of = |case: &'static Case| {
        let command = with(case.command, "if mod(tm, 5) > 0");
        let pair = Pair {
            what: format!("{command} ({})", case.prepare),
            first: (vec![case.prepare], &command),
            second: (vec![case.prepare, "quietly keep if mod(tm, 5) > 0"], case.command),
        };
        pair.complaint(every)
    };
    none(&all().filter(|case| !case.has('i')).filter_map(of).collect::<Vec<_>>());
}

/// A copy of a regressor and a constant.
#[test]
fn regressors_that_tell_nothing_new_are_omitted_with_a_note() {
    let mut complaints = Vec::new();
    for case in all().filter(|case| !case.has('d') && case.command.contains(" x z")) {
        let command = case.command.replacen(" x z", " x z copied fixed", 1);
        let made = "generate double copied = x; generate fixed = 3";
        let plain = estimates(&mut prepared(&[case.prepare]), case.command);
        let more = estimates(&mut prepared(&[made, case.prepare]), &command);
        let found = match (plain, more) {
            (Ok(a), Ok(b)) => match a.difference(&b, every) {
                None if !["copied", "fixed"].iter().all(|name| says_so(&b.log, name)) => {
                    Some("no note".to_string())
                }
                found => found,
            },
            (a, b) => Some(format!("r({}) and r({})", a.err().unwrap_or(0), b.err().unwrap_or(0))),
        };
        complaints.extend(found.map(|what| format!("{command} ({}): {what}", case.prepare)));
    }
    none(&complaints);
}

/// Whether a line says that a regressor is left out.
fn says_so(log: &str, name: &str) -> bool {
    let words = ["omitted", "collinear"];
    log.lines().any(|line| line.contains(name) && words.iter().any(|word| line.contains(word)))
}

/// Another base of a factor: the same other slopes, and the difference of two levels with the other sign.
#[test]
fn the_base_of_a_factor_is_a_matter_of_form() {
    let mut complaints = Vec::new();
    for case in all().filter(|case| !case.has('b') && case.command.contains(" x z")) {
        let fit = |list: &str| {
            let command = case.command.replacen(" x z", list, 1);
            estimates(&mut prepared(&[case.prepare]), &command)
        };
        let slope = |name: &str| {
            !(name.ends_with(".g")
                || name.ends_with("_cons")
                || name.contains("cut")
                || name.contains("theta"))
        };
        let found = match (fit(" x z i.g"), fit(" x z ib3.g")) {
            (Ok(a), Ok(b)) => a.difference(&b, slope).or_else(|| opposite(&a, &b)),
            (a, b) => Some(format!("r({}) and r({})", a.err().unwrap_or(0), b.err().unwrap_or(0))),
        };
        complaints.extend(found.map(|what| format!("{} ({}): {what}", case.command, case.prepare)));
    }
    none(&complaints);
}

fn opposite(a: &Fit, b: &Fit) -> Option<String> {
    let of_base = |(i, name): (usize, &String)| {
        let j = b.position(&format!("{}1.g", name.strip_suffix("3.g")?))?;
        let apart = (a.b[i] + b.b[j]).abs() > 1e-6 * (1.0 + a.b[i].abs());
        let errors = (a.se[i] - b.se[j]).abs() > 1e-6 * a.se[i].abs();
        (apart || errors).then(|| format!("{name}: {} ({}), {} ({})", a.b[i], a.se[i], b.b[j], b.se[j]))
    };
    a.names.iter().enumerate().find_map(of_base)
}

#[test]
fn a_robust_covariance_is_that_of_equal_sampling_weights() {
    let robust =
        |case: &&'static Case| case.weights.contains('p') && !case.has('v') && !case.command.contains("vce(");
    let of = |case: &'static Case| {
        let (before, command) = weighted(case, "pw=one");
        let own = with_option(case.command, "vce(robust)");
        let pair = Pair {
            what: format!("{command} ({before})"),
            first: (vec!["generate one = 1", before.as_str()], &command),
            second: (vec![case.prepare], &own),
        };
        pair.complaint(every)
    };
    none(&all().filter(robust).filter_map(of).collect::<Vec<_>>());
}

/// The unit of the outcome is that of all coefficients.
#[test]
fn a_scaled_outcome_scales_the_coefficients() {
    let scaled = |case: &&'static Case| case.has('y');
    let of = |case: &'static Case| {
        let change = "foreach name of varlist y yen ytr ys yc yt ylo yhi yar fr {\nquietly replace `name' = 4096*`name'\n}";
        let mut s = prepared(&[]);
        let (log, rc) = s.run_captured(change);
        assert_eq!(rc, 0, "{log}");
        for command in case.prepare.split(';').map(str::trim).filter(|c| !c.is_empty()) {
            assert_eq!(s.run_captured(command).1, 0, "{command}");
        }
        let plain = estimates(&mut prepared(&[case.prepare]), case.command);
        let (plain, moved) = match (plain, estimates(&mut s, case.command)) {
            (Ok(plain), Ok(moved)) => (plain, moved),
            (a, b) => {
                let codes = [a.err().unwrap_or(0), b.err().unwrap_or(0)];
                return Some(format!("{} ({}): {codes:?}", case.command, case.prepare));
            }
        };
        let main = plain.names.first().map(|n| n.rsplit_once(':').map_or("", |p| p.0)).unwrap_or_default();
        let own = |name: &str| name.rsplit_once(':').map_or("", |p| p.0) == main && !name.contains("L.");
        let back = Fit {
            b: moved.b.iter().map(|b| b / 4096.0).collect(),
            se: moved.se.iter().map(|se| se / 4096.0).collect(),
            ll: plain.ll,
            ..moved
        };
        plain.difference(&back, own).map(|what| format!("{} ({}): {what}", case.command, case.prepare))
    };
    none(&all().filter(scaled).filter_map(of).collect::<Vec<_>>());
}
