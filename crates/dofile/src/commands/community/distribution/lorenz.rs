//! `lorenz` and `pshare`: Lorenz curves and percentile shares with standard errors (Jann 2016, Stata Journal 16). Written from
//! their help files.

use super::curve_model::{Choice, Curve, fit};
use super::curve_show::{graph, show};
use super::curves::Kind;
use crate::commands::{CommandSpec, Example, StandardSyntax};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind, numlist};

const SHARED: &[OptSpec] = &[
    OptSpec::flag("percent"),
    OptSpec::flag("sum"),
    OptSpec::flag("GENERALized"),
    OptSpec::flag("gini"),
    OptSpec::int("Nquantiles"),
    OptSpec::text("Percentiles"),
    OptSpec::text("pvar"),
    OptSpec::flag("step"),
    OptSpec::text("over"),
    OptSpec::flag("Total"),
    OptSpec::text("vce"),
    OptSpec::text("CLuster"),
    OptSpec::flag("nose"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("NOGTABle"),
];
const WEIGHTS: &[WeightKind] = &[WeightKind::Probability, WeightKind::Importance, WeightKind::Frequency];

const LORENZ: StandardSyntax = StandardSyntax::new(crate::concat_lists!(
    OptSpec;
    SHARED,
    &[OptSpec::flag("gap"), OptSpec::flag("ABSolute"), OptSpec::flag_or_text("Graph")]
))
.weights(WEIGHTS)
.unsupported(&["NORMalize", "Contrast", "svy"]);
const PSHARE: StandardSyntax = StandardSyntax::new(crate::concat_lists!(
    OptSpec;
    SHARED,
    &[OptSpec::flag("PRoportion"), OptSpec::flag("DENsity"), OptSpec::flag("AVErage")]
))
.weights(WEIGHTS)
.unsupported(&["NORMalize", "Contrast", "Stack", "Histogram", "svy"]);

/// `lorenz`.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "ordinates at percentiles, linear between the rows; equations are the outcomes or the values of over(); the variance is that of the influence functions, with pvar() no standard errors are built (nose); stores e(N N_over df_r N_clust), e(b) e(V) e(p), e(percentiles type), with gini e(G); contrasts are refused",
    examples: &[Example {
        // 1, 2, 3, 4: shares 1/10, 3/10, 6/10
        run: "set obs 4\ngenerate x = _n\nlorenz estimate x, percentiles(25 50 75) gini",
        expect: &[("el(e(b), 1, 1)", 0.1), ("el(e(b), 1, 3)", 0.6), ("el(e(G), 1, 1)", 0.25)],
    }],
    ..CommandSpec::raw(
        "lorenz",
        6,
        run_lorenz,
        "lorenz [estimate] varlist [if] [in] [pweight|iweight|fweight] [, gap|sum|generalized|absolute percent gini nquantiles(#) percentiles(numlist) pvar(varname) step over(varname) total vce(analytic|cluster v) nose level(#) graph[(options)] noheader notable nogtable] | lorenz graph [, options of twoway]",
    )
};

/// `pshare`.
pub(crate) const SPEC_SHARES: CommandSpec = CommandSpec {
    notes: "shares of percentile groups, differences of the ordinates of lorenz; as lorenz, with e(ll ul); the figures are refused",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\npshare estimate x, nquantiles(2) density",
        expect: &[("el(e(b), 1, 1)", 0.6), ("el(e(b), 1, 2)", 1.4)],
    }],
    ..CommandSpec::raw(
        "pshare",
        6,
        run_pshare,
        "pshare [estimate] varlist [if] [in] [pweight|iweight|fweight] [, proportion|percent|density|sum|average|generalized gini nquantiles(#) percentiles(numlist) pvar(varname) step over(varname) total vce(analytic|cluster v) nose level(#) noheader notable nogtable]",
    )
};

/// Splits off the subcommand and checks the rest.
fn parsed(
    cmd: &ParsedCommand,
    name: &str,
    syntax: &'static StandardSyntax,
) -> Result<(String, ParsedCommand)> {
    let raw = cmd.raw.trim();
    let word: String = raw.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let known = ["estimate", "graph", "contrast", "stack", "histogram"];
    let sub = known.iter().find(|k| !word.is_empty() && k.starts_with(word.as_str()));
    let followed = raw[word.len()..].trim_start();
    // a variable may have the name of a subcommand's abbreviation
    let listed = !followed.is_empty() && !followed.starts_with(',');
    let sub = sub.filter(|k| word.len() > 1 || (**k == "estimate" && listed));
    let (sub, rest) = match sub {
        Some(sub) => (*sub, followed),
        None => ("estimate", raw),
    };
    if sub != "estimate" && !(sub == "graph" && name == "lorenz") {
        return Err(StataError::unsupported_command(&format!("{name} {sub}")));
    }
    let mut split = ParsedCommand::split(name, rest, false)?;
    split.raw = raw.to_string();
    if sub == "estimate" {
        split.check_weighted_options(syntax.options, syntax.unsupported)?;
        syntax.check(&split)?;
    }
    Ok((sub.to_string(), split))
}

fn run_lorenz(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (sub, cmd) = parsed(cmd, "lorenz", &LORENZ)?;
    if sub == "graph" {
        return graph(s, &cmd.option_text);
    }
    let kinds = [
        ("gap", Kind::Gap, "EG(p)"),
        ("sum", Kind::Sum, "TL(p)"),
        ("generalized", Kind::Generalized, "GL(p)"),
        ("absolute", Kind::Absolute, "AL(p)"),
    ];
    let usual = ("", Kind::Relative, "L(p)");
    let kind = one_of(&cmd, &kinds, usual)?;
    run(s, &cmd, Curve { name: "lorenz", shares: false, kind: kind.1, type_name: kind.0, title: kind.2 })?;
    match (cmd.has("graph"), cmd.options.text("graph")) {
        (true, text) => {
            let text = text.unwrap_or("").to_string();
            graph(s, &text)
        }
        _ => Ok(()),
    }
}

fn run_pshare(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (_, cmd) = parsed(cmd, "pshare", &PSHARE)?;
    let kinds = [
        ("proportion", Kind::Relative, "Percentile shares (proportion)"),
        ("density", Kind::Density, "Percentile shares (density)"),
        ("sum", Kind::Sum, "Percentile shares (sum)"),
        ("average", Kind::Average, "Percentile shares (average)"),
        ("generalized", Kind::Generalized, "Percentile shares (generalized)"),
    ];
    let usual = match cmd.has("percent") {
        true => ("percent", Kind::Relative, "Percentile shares (percent)"),
        false => kinds[0],
    };
    let kind = one_of(&cmd, &kinds, usual)?;
    run(s, &cmd, Curve { name: "pshare", shares: true, kind: kind.1, type_name: kind.0, title: kind.2 })
}

type Named = (&'static str, Kind, &'static str);

fn one_of(cmd: &ParsedCommand, kinds: &[Named], usual: Named) -> Result<Named> {
    let found: Vec<&Named> = kinds.iter().filter(|k| cmd.has(k.0)).collect();
    match found[..] {
        [] => Ok(usual),
        [one] => {
            let scaled = cmd.has("percent") && !matches!(one.1, Kind::Gap);
            if scaled {
                Err(StataError::invalid(format!("percent may not be combined with {}", one.0)))
            } else {
                Ok(*one)
            }
        }
        _ => Err(StataError::invalid("only one type of results is allowed")),
    }
}

/// Percentages of the ordinates, or the bounds of the groups.
fn percentages(cmd: &ParsedCommand, shares: bool) -> Result<Vec<f64>> {
    let mut out = match (cmd.options.text("percentiles"), cmd.options.int("nquantiles")) {
        (Some(_), Some(_)) => {
            return Err(StataError::invalid("percentiles() and nquantiles() may not be combined"));
        }
        (Some(list), None) => numlist::expand(list)?,
        (None, n) => {
            let n = n.unwrap_or(if shares { 5 } else { 20 });
            if !(1..=10_000).contains(&n) {
                return Err(StataError::invalid("nquantiles() must be positive"));
            }
            (0..=n).map(|i| 100.0 * i as f64 / n as f64).collect()
        }
    };
    if out.is_empty() || out.iter().any(|p| !(0.0..=100.0).contains(p)) {
        return Err(StataError::new(125, "percentiles() must be within 0 and 100"));
    }
    if out.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StataError::invalid("percentiles() must be ascending"));
    }
    if shares {
        if out[0] > 0.0 {
            out.insert(0, 0.0);
        }
        if out[out.len() - 1] < 100.0 {
            out.push(100.0);
        }
    }
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand, curve: Curve) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != curve.name {
            return Err(StataError::no_estimates());
        }
        return show(s, cmd);
    }
    let cluster = match (cmd.options.text("vce").map(str::trim), cmd.options.text("cluster")) {
        (None | Some("analytic"), cluster) => cluster.map(str::to_string),
        (Some(text), None) => {
            let mut words = text.split_whitespace();
            let first = words.next().unwrap_or("");
            if first.len() < 2 || !"cluster".starts_with(first) {
                return Err(StataError::unsupported_option(curve.name, &format!("vce({text})")));
            }
            words.next().map(str::to_string)
        }
        _ => return Err(StataError::invalid("vce() and cluster() may not be combined")),
    };
    if cmd.has("total") && cmd.options.text("over").is_none() {
        return Err(StataError::invalid("total requires over()"));
    }
    if cmd.options.text("pvar").is_some() && !cmd.has("nose") {
        return Err(StataError::unsupported_option(curve.name, "pvar() without nose"));
    }
    let scale = if cmd.has("percent") { 100.0 } else { 1.0 };
    let choice = Choice { percentages: percentages(cmd, curve.shares)?, scale, cluster };
    fit(s, cmd, &curve, &choice)?;
    show(s, cmd)
}
