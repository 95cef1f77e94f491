//! Output of `ivreg2`: the header, the table of coefficients, the tests of identification and overidentification below
//! it.

use super::ivreg2_summary::summary;
use crate::error::Result;
use crate::estimation::display::{level, show_below_header};
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::stock_yogo::{BIASES, SIZES, bias, size};

/// Shows the active estimates.
pub(super) fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if s.e.results.matrices.get("first").is_some() && (cmd.has("first") || cmd.has("ffirst")) {
        summary(s);
    }
    if !cmd.has("noheader") {
        header(s);
    }
    show_below_header(s, level)?;
    if !cmd.has("nofooter") {
        footer(s);
    }
    Ok(())
}

/// The number of clusters of a variable.
pub(super) fn cluster_line(variable: &str, number: f64) -> String {
    format!("{:<32}{number:>6}", format!("Number of clusters ({variable}) = "))
}

pub(super) fn scalar(s: &Session, name: &str) -> f64 {
    s.e.results.get_scalar(name).unwrap_or(MISSING)
}

pub(super) fn text(s: &Session, name: &str) -> String {
    s.e.results.get_text(name).unwrap_or("").to_string()
}

fn rule(s: &mut Session) {
    s.print("-".repeat(78));
}

fn header(s: &mut Session) {
    let title = text(s, "title");
    s.print("");
    s.print(&title);
    s.print("-".repeat(title.len()));
    s.print("");
    for name in ["hacsubtitleB", "hacsubtitleV", "hacsubtitleV2"] {
        let line = text(s, name);
        if !line.is_empty() {
            s.print(line);
        }
    }
    let kernel = text(s, "kernel");
    if !kernel.is_empty() {
        s.print(format!("  kernel={kernel}; bandwidth={}", format::bare("%9.0g", scalar(s, "bw")).trim()));
        for (name, key) in [("time variable (t): ", "_TStvar"), ("group variable (i):", "_TSpanel")] {
            let variable = s.frame.char("_dta", key).to_string();
            if !variable.is_empty() {
                s.print(format!("  {name} {variable}"));
            }
        }
    }
    s.print("");
    let right = |s: &mut Session, left: String, label: String, value: String| {
        s.print(format!("{left:<54}{label:<14}={value:>9}"));
    };
    let df = format!("F({:>3},{:>6})", scalar(s, "Fdf1"), scalar(s, "Fdf2"));
    let square = |s: &Session, label: &str, name: &str| {
        format!("{label:<24}= {:>12}", format::bare("%12.0g", scalar(s, name)))
    };
    let count = |s: &Session, variable: &str, number: &str| match scalar(s, number) {
        g if is_missing(g) => String::new(),
        g => cluster_line(&text(s, variable), g),
    };
    let two = s.e.results.get_text("clustvar2").is_some();
    let second = count(s, "clustvar2", "N_clust2");
    let clusters = if two { count(s, "clustvar1", "N_clust1") } else { count(s, "clustvar", "N_clust") };
    let value = format::bare("%8.0f", scalar(s, "N"));
    right(s, clusters, "Number of obs".to_string(), value);
    let value = format::bare("%8.2f", scalar(s, "F"));
    right(s, second, df, value);
    let value = format::bare("%8.4f", scalar(s, "Fp"));
    right(s, String::new(), "Prob > F".to_string(), value);
    for (label, name, other, right_name, fmt) in [
        ("Total (centered) SS", "yyc", "Centered R2", "r2c", "%8.4f"),
        ("Total (uncentered) SS", "yy", "Uncentered R2", "r2u", "%8.4f"),
        ("Residual SS", "rss", "Root MSE", "rmse", "%8.4g"),
    ] {
        let (left, value) = (square(s, label, name), format::bare(fmt, scalar(s, right_name)));
        right(s, left, other.to_string(), value);
    }
    s.print("");
}

/// A statistic with its chi-squared probability below it.
fn chi2(s: &mut Session, label: &str, value: f64, df: f64, p: f64) {
    let value = format::bare("%9.3f", value);
    s.print(format!("{label}{value:>width$}", width = 78_usize.saturating_sub(label.len())));
    s.print(format!("{:>66} ={:>10}", format!("Chi-sq({df}) P-val"), format::bare("%9.4f", p)));
}

fn footer(s: &mut Session) {
    let identified = !is_missing(scalar(s, "idstat"));
    if identified {
        identification(s);
    }
    let instruments = scalar(s, "exexog_ct");
    if instruments > 0.0 {
        let robust = !text(s, "vcetype").is_empty();
        let name = if robust { "Hansen J statistic" } else { "Sargan statistic" };
        let label = format!("{name} (overidentification test of all instruments):");
        let (value, df) = (scalar(s, "j"), scalar(s, "jdf"));
        if df > 0.0 {
            let p = scalar(s, "jp");
            chi2(s, &label, value, df, p);
        } else {
            s.print(format!("{label}{:>width$}", "0.000", width = 78 - label.len()));
            s.print(format!("{:>78}", "(equation exactly identified)"));
        }
        for (option, name) in [("-endog- option:", "estat"), ("-orthog- option:", "cstat")] {
            if s.e.results.get_scalar(name).is_some() {
                s.print(option);
                let label = if name == "estat" {
                    "Endogeneity test of endogenous regressors:"
                } else {
                    "C statistic (exogeneity/orthogonality of suspect instruments):"
                };
                let (value, p) = (scalar(s, name), scalar(s, &format!("{name}p")));
                let df = scalar(s, &format!("{name}df"));
                chi2(s, label, value, df, p);
            }
        }
        rule(s);
    }
    for (label, name) in
        [("Instrumented:", "instd"), ("Included instruments:", "inexog"), ("Excluded instruments:", "exexog")]
    {
        let list = text(s, name);
        if !list.is_empty() {
            print_list(s, label, &list);
        }
    }
    let partialled = match text(s, "partial") {
        list if list.is_empty() && scalar(s, "partialcons") == 1.0 => "_cons".to_string(),
        list => list,
    };
    if !partialled.is_empty() {
        print_list(s, "Partialled-out:", &partialled);
        s.print(format!("{:22}nb: total SS, model F and R2s are after partialling-out;", ""));
        s.print(format!("{:26}any small-sample adjustments include partialled-out", ""));
        s.print(format!("{:26}variables in regressor count K", ""));
    }
    rule(s);
}

/// Critical values of Stock and Yogo for a number of endogenous regressors and the instruments of the active model:
/// the relative bias (not after LIML) and the size.
pub(super) fn critical_values(s: &Session, endogenous: f64) -> Vec<String> {
    let liml = text(s, "model") == "liml";
    let (endogenous, instruments) = (endogenous as usize, scalar(s, "exexog_ct") as usize);
    let biases = if liml { None } else { bias(endogenous, instruments) };
    let sizes = size(endogenous, instruments, liml);
    let kind = if liml { "LIML size" } else { "IV size" };
    let rows = [("IV relative bias", BIASES, biases), (kind, SIZES, sizes)];
    rows.iter()
        .filter_map(|(name, limits, values)| values.map(|v| (name, limits, v)))
        .flat_map(|(name, limits, values)| {
            limits.iter().zip(values).map(move |(limit, value)| {
                let name = format!("{:>2.0}% maximal {name}", limit * 100.0);
                format!("{name:<28}{value:>9.2}")
            })
        })
        .collect()
}

/// The name of the test of underidentification.
pub(super) fn underidentification(robust: bool) -> &'static str {
    if robust { "Kleibergen-Paap rk LM statistic" } else { "Anderson canon. corr. LM statistic" }
}

fn identification(s: &mut Session) {
    let robust = !text(s, "vcetype").is_empty();
    let under = underidentification(robust);
    let (value, df, p) = (scalar(s, "idstat"), scalar(s, "iddf"), scalar(s, "idp"));
    chi2(s, &format!("Underidentification test ({under}):"), value, df, p);
    rule(s);
    let line = |s: &mut Session, label: &str, name: &str| {
        let value = format::bare("%9.3f", scalar(s, name));
        s.print(format!("{label}{value:>width$}", width = 78 - label.len()));
    };
    line(s, "Weak identification test (Cragg-Donald Wald F statistic):", "cdf");
    if robust {
        line(s, "                         (Kleibergen-Paap rk Wald F statistic):", "widstat");
    }
    let lines = critical_values(s, scalar(s, "endog_ct"));
    for (i, line) in lines.iter().enumerate() {
        let start = if i == 0 { "Stock-Yogo weak ID test critical values:" } else { "" };
        s.print(format!("{start:<41}{line:>37}"));
    }
    if lines.is_empty() {
        s.print(format!("{:<41}{:>37}", "Stock-Yogo weak ID test critical values:", "<not available>"));
    } else {
        s.print("Source: Stock-Yogo (2005).");
        if robust {
            s.print("NB: Critical values are for Cragg-Donald F statistic and i.i.d. errors.");
        }
    }
    rule(s);
}

/// Names behind a label, in lines of at most 78 characters.
fn print_list(s: &mut Session, label: &str, names: &str) {
    let mut line = format!("{label:<21}");
    for name in names.split_whitespace() {
        if line.len() > 21 && line.chars().count() + 1 + name.chars().count() > 78 {
            s.print(line);
            line = " ".repeat(21);
        }
        line.push(' ');
        line.push_str(name);
    }
    s.print(line);
}
