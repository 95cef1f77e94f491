//! Tables of `power` for lists of values: each combination is computed as a command with one value for each argument
//! ([PSS-2] power, power optional tables).

use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::printed;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::front_and_options;
use crate::value::MISSING;

/// Largest number of combinations.
const MOST: usize = 10_000;

/// Most columns of one table beside each other.
const WIDEST: usize = 9;

/// Options whose columns stand before the arguments, in this order.
const SIZES: [&str; 7] = ["Alpha", "Power", "Beta", "n", "n1", "n2", "NRATio"];

/// Options whose lists are one value: a number for each group or stratum.
const VECTORS: [&str; 4] = ["EXPosure", "GRWeights", "GRRatios", "STRWeights"];

/// Values of an argument or option; the option's name as written, nothing for an argument.
struct Axis {
    option: Option<String>,
    values: Vec<f64>,
}

/// The command with lists.
struct Request {
    method: String,
    /// Axes, the first of which changes slowest: level, power, sizes, arguments, other options.
    axes: Vec<Axis>,
    /// Options without lists.
    flags: String,
    /// Names of all options.
    given: Vec<String>,
}

/// Whether an option is written as one of these.
fn is_one(name: &str, declared: &[&str]) -> bool {
    declared.iter().any(|full| abbreviates(name, full))
}

/// The arguments: numbers and lists in parentheses.
fn arguments(text: &str) -> Result<Vec<Vec<f64>>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (piece, further) = if let Some(inner) = rest.strip_prefix('(') {
            let mut depth = 1;
            let end = inner.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let end = end.ok_or_else(StataError::syntax)?;
            (&inner[..end], &inner[end + 1..])
        } else {
            rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()))
        };
        out.push(numlist::expand(piece)?);
        rest = further.trim_start();
    }
    Ok(out)
}

/// Reads a command line; nothing where it has one value for each argument and no option `table`.
fn read(method: &str, text: &str) -> Result<Option<Request>> {
    let (front, options) = front_and_options(text);
    let mut wanted = front.contains('(');
    let mut ranked: Vec<(usize, Axis)> = Vec::new();
    let (mut flags, mut given) = (String::new(), Vec::new());
    for (name, argument) in split_options(options)? {
        if is_one(&name, &["TABle"]) {
            if argument.is_some() {
                return Err(StataError::unsupported_option("power", "table() with columns"));
            }
            wanted = true;
            continue;
        }
        given.push(name.clone());
        match argument.as_deref().map(|text| (text, numlist::expand(text))) {
            Some((_, Ok(values))) if !is_one(&name, &VECTORS) => {
                wanted |= values.len() > 1;
                let rank = SIZES.iter().position(|full| abbreviates(&name, full)).unwrap_or(SIZES.len() + 1);
                ranked.push((rank, Axis { option: Some(name), values }));
            }
            Some((text, _)) => flags.push_str(&format!(" {name}({text})")),
            None => flags.push_str(&format!(" {name}")),
        }
    }
    if !wanted {
        return Ok(None);
    }
    // the arguments come between the sizes and the other options
    ranked.extend(arguments(front)?.into_iter().map(|values| (SIZES.len(), Axis { option: None, values })));
    ranked.sort_by_key(|(rank, _)| *rank);
    let axes = ranked.into_iter().map(|(_, axis)| axis).collect();
    Ok(Some(Request { method: method.to_string(), axes, flags, given }))
}

/// Names of the two parameters of a method among the stored results, and whether it has two groups.
fn parameters(method: &str) -> Option<([&'static str; 2], bool)> {
    match method {
        "onemean" => Some((["m0", "ma"], false)),
        "twomeans" => Some((["m1", "m2"], true)),
        "oneproportion" | "oneprop" => Some((["p0", "pa"], false)),
        "twoproportions" | "twoprop" => Some((["p1", "p2"], true)),
        "onecorrelation" | "onecorr" => Some((["r0", "ra"], false)),
        "onevariance" | "onevar" => Some((["v0", "va"], false)),
        "oneslope" => Some((["b0", "ba"], false)),
        "mcc" => Some((["M", "p0"], false)),
        _ => None,
    }
}

impl Request {
    fn has(&self, full: &str) -> bool {
        self.given.iter().any(|name| abbreviates(name, full))
    }

    /// Names of the columns; those up to `delta` are results, the others parameters.
    fn columns(&self) -> Result<Vec<&'static str>> {
        let refused =
            || StataError::unsupported_option("power", &format!("lists of values for {}", self.method));
        let ([first, second], pair) = parameters(&self.method).ok_or_else(refused)?;
        let mut out = vec!["alpha", "power", "N"];
        if pair {
            out.extend(["N1", "N2"]);
            out.extend(self.has("NRATio").then_some("nratio"));
        }
        out.extend(["delta", first, second]);
        out.extend(self.has("DIFF").then_some("diff"));
        match self.method.as_str() {
            "twomeans" if self.has("sd1") || self.has("sd2") => out.extend(["sd1", "sd2"]),
            "onemean" | "twomeans" => out.push("sd"),
            "onevariance" | "onevar" if self.has("sd") => return Err(refused()),
            "oneslope" => {
                out.extend(["sdx", "sderror"]);
                out.extend(self.has("sdy").then_some("sdy"));
            }
            "mcc" => out.extend(["oratio", "corr"]),
            _ => {}
        }
        Ok(out)
    }

    /// The values of a combination.
    fn combination(&self, number: usize) -> Vec<f64> {
        let mut rest = number;
        let mut out: Vec<f64> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let value = axis.values[rest % axis.values.len()];
                rest /= axis.values.len();
                value
            })
            .collect();
        out.reverse();
        out
    }

    /// The command of a combination.
    fn command(&self, values: &[f64]) -> String {
        let (mut front, mut options) = (format!("power {}", self.method), self.flags.clone());
        for (axis, value) in self.axes.iter().zip(values) {
            match &axis.option {
                None => front.push_str(&format!(" {value}")),
                Some(name) => options.push_str(&format!(" {name}({value})")),
            }
        }
        format!("{front},{options}")
    }

    /// What is known of a combination that failed: levels and parameters as they were given.
    fn known(&self, values: &[f64], column: &str) -> f64 {
        let option = |full: &str| {
            let mut both = self.axes.iter().zip(values);
            both.find(|(a, _)| a.option.as_ref().is_some_and(|n| abbreviates(n, full))).map(|(_, v)| *v)
        };
        let mut arguments =
            self.axes.iter().zip(values).filter(|(a, _)| a.option.is_none()).map(|(_, value)| *value);
        let names = parameters(&self.method).map_or(["", ""], |p| p.0);
        match column {
            "alpha" => option("Alpha").unwrap_or(0.05),
            "power" if !self.has("n") => option("Power").unwrap_or(0.8),
            "sd" => option("sd").unwrap_or(1.0),
            "delta" => {
                let pair: Vec<f64> = arguments.collect();
                if pair.len() == 2 && pair[0] == pair[1] { 0.0 } else { MISSING }
            }
            name if name == names[0] => arguments.next().unwrap_or(MISSING),
            name if name == names[1] => arguments.nth(1).unwrap_or(MISSING),
            other => option(other).unwrap_or(MISSING),
        }
    }
}

/// Runs a command with lists; nothing where there are none.
pub(super) fn run(s: &mut Session, method: &str, text: &str) -> Option<Result<()>> {
    match read(method, text) {
        Ok(None) => None,
        Ok(Some(request)) => Some(table(s, &request)),
        Err(e) => Some(Err(e)),
    }
}

fn table(s: &mut Session, request: &Request) -> Result<()> {
    let columns = request.columns()?;
    let count: usize = request.axes.iter().map(|axis| axis.values.len()).product();
    if count == 0 || count > MOST {
        return Err(StataError::standard(123));
    }
    let (mut head, mut failure) = (None, None);
    let mut cells = Vec::with_capacity(count * columns.len());
    for number in 0..count {
        let values = request.combination(number);
        match printed(s, &request.command(&values)) {
            Ok(text) => {
                head.get_or_insert(text);
                cells.extend(columns.iter().map(|c| s.r.get_scalar(c).unwrap_or(MISSING)));
            }
            Err(e) if e.code == 199 => return Err(e),
            Err(e) => {
                failure.get_or_insert(e);
                cells.extend(columns.iter().map(|c| request.known(&values, c)));
            }
        }
    }
    let Some(head) = head else {
        return Err(StataError::new(198, "none of the combinations could be computed"));
    };
    head.lines().take_while(|line| *line != "Study parameters:").for_each(|line| s.print(line));
    show(s, &columns, &cells);
    if failure.is_some() {
        s.print("  Warning: some of the computations failed; execute each ");
        s.print("           computation separately to see the specific error");
    }
    let mut m = Matrix::new(count, columns.len(), cells);
    m.col_names = columns.iter().map(|c| Stripe::term(*c)).collect();
    m.row_names = (1..=count).map(|i| Stripe::term(format!("r{i}"))).collect();
    let mut r = Results::default();
    r.text("type", "test").text("method", &request.method).text("columns", columns.join(" "));
    r.matrix("pss_table", m);
    s.r = r;
    Ok(())
}

/// Prints the table; where it is too wide, results first and then the parameters.
fn show(s: &mut Session, columns: &[&str], cells: &[f64]) {
    let results = columns.iter().position(|c| *c == "delta").map_or(columns.len(), |at| at + 1);
    let cut = if columns.len() <= WIDEST { columns.len() } else { results };
    for part in [0..cut, cut..columns.len()].into_iter().filter(|part| !part.is_empty()) {
        let widths: Vec<usize> = columns[part.clone()].iter().map(|c| (c.len() + 1).max(8)).collect();
        let rule = "-".repeat(widths.iter().sum::<usize>() + 1);
        let line = |texts: Vec<String>| -> String {
            let padded = texts.iter().zip(&widths).map(|(text, w)| format!("{text:>w$}"));
            format!("  |{} |", padded.collect::<String>())
        };
        s.print(format!("  +{rule}+"));
        s.print(line(columns[part.clone()].iter().map(ToString::to_string).collect()));
        s.print(format!("  |{rule}|"));
        for row in cells.chunks(columns.len()) {
            let cell = |at: usize| match columns[at] {
                "N" | "N1" | "N2" => format::bare("%7.0fc", row[at]),
                _ => format::bare("%7.4g", row[at]),
            };
            s.print(line(part.clone().map(cell).collect()));
        }
        s.print(format!("  +{rule}+"));
    }
}
