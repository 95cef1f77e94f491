//! `sum2docx`, `corr2docx` and `t2docx`: tables of statistics in Word documents (Li and Xue, SSC).
//! Written from the help files.

use super::{Target, write};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::collection::Sheet;
use crate::ops::files::with_extension;
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::{Sample, by_name, mean_ranks};
use estimators::distributions::t_two_sided;

/// Options that all four have; those of the page are accepted.
pub(super) const COMMON: &[OptSpec] = &[
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::text("title"),
    OptSpec::text("note"),
    OptSpec::text("font"),
    OptSpec::text("pagesize"),
    OptSpec::flag("landscape"),
    OptSpec::text("layout"),
    OptSpec::text("margin"),
];

/// Statistics that earlier versions of `sum2docx` took as options, each with its format.
const STATISTICS: &[OptSpec] = &[
    OptSpec::flag("obs"),
    OptSpec::flag_or_text("mean"),
    OptSpec::flag_or_text("sum"),
    OptSpec::flag_or_text("var"),
    OptSpec::flag_or_text("sd"),
    OptSpec::flag_or_text("skewness"),
    OptSpec::flag_or_text("kurtosis"),
    OptSpec::flag_or_text("min"),
    OptSpec::flag_or_text("p1"),
    OptSpec::flag_or_text("p5"),
    OptSpec::flag_or_text("p10"),
    OptSpec::flag_or_text("p25"),
    OptSpec::flag_or_text("median"),
    OptSpec::flag_or_text("p75"),
    OptSpec::flag_or_text("p90"),
    OptSpec::flag_or_text("p95"),
    OptSpec::flag_or_text("p99"),
    OptSpec::flag_or_text("max"),
];

const SUM: StandardSyntax = StandardSyntax::new(crate::concat_lists!(
    OptSpec; COMMON, STATISTICS, &[OptSpec::text("stats"), OptSpec::flag("label"), OptSpec::text("order")]
))
.using(Using::Required)
.unsupported(&["by"]);
const CORR: StandardSyntax = StandardSyntax::new(crate::concat_lists!(
    OptSpec; COMMON,
    &[
        OptSpec::flag_or_text("star"),
        OptSpec::flag("nostar"),
        OptSpec::text("fmt"),
        OptSpec::text("pearson"),
        OptSpec::text("spearman"),
        OptSpec::flag("nodiagonal"),
        OptSpec::flag("label"),
    ]
))
.using(Using::Required);
const T: StandardSyntax = StandardSyntax::new(crate::concat_lists!(
    OptSpec; COMMON,
    &[
        OptSpec::text("by"),
        OptSpec::text("fmt"),
        OptSpec::flag("welch"),
        OptSpec::flag("unequal"),
        OptSpec::flag("noT"),
        OptSpec::flag("noP"),
        OptSpec::flag_or_text("star"),
        OptSpec::flag("nostar"),
        OptSpec::flag("label"),
    ]
))
.using(Using::Required)
.unsupported(&["nosd", "staraux"]);
macro_rules! spec {
    ($constant:ident, $name:literal, $syntax:ident, $run:ident, $diagram:literal, $notes:literal, $example:literal, $expect:expr) => {
        /// The command.
        pub(crate) const $constant: CommandSpec = CommandSpec {
            name: $name,
            min: $name.len(),
            form: Form::Standard(&$syntax),
            by: ByRule::No,
            run: $run,
            syntax: $diagram,
            notes: $notes,
            examples: &[Example { run: $example, expect: $expect }],
        };
    };
}

spec!(
    SPEC_SUM,
    "sum2docx",
    SUM,
    sum,
    "sum2docx varlist [if] [in] using file [, replace append stats(statistic[(fmt)] ...) obs mean|sd|min|median|max|...[(fmt)] title(text) note(text) order(varlist) label font() pagesize() landscape]",
    "statistics of tabstat, by default N mean sd min median max; each may be an option instead; also .doc, .rtf, .csv, .xlsx, .tex by the ending of the file; font and page are accepted and not used; no results",
    "set obs 4\ngenerate x = _n\ntempfile f\nsum2docx x using `f'.csv, replace stats(N mean(%9.2f) p50)\nscalar got = fileread(\"`f'.csv\")\nsum2docx x using `f'.docx, replace\nsum2docx x using `f'.docx, append title(second)\nscalar there = fileexists(\"`f'.docx\")\nerase `f'.csv\nerase `f'.docx",
    &[("strpos(got, \"x,4,2.50,2.500\") > 0", 1.0), ("there", 1.0)]
);
spec!(
    SPEC_CORR,
    "corr2docx",
    CORR,
    corr,
    "corr2docx varlist [if] [in] using file [, replace append pearson(pw|ignore) spearman(pw|ignore) star[(* # ** # *** #)] nostar fmt(%fmt) nodiagonal title(text) note(text) label]",
    "Pearson correlations below and Spearman correlations above the diagonal, over the rows without missing values (pw: of each pair); no results",
    "set obs 4\ngenerate x = _n\ngenerate y = x^2\ntempfile f\ncorr2docx x y using `f'.csv, replace nostar\nscalar got = fileread(\"`f'.csv\")\ncorrelate x y\nlocal r = string(r(rho), \"%4.3f\")\nscalar hit = strpos(got, \"y,`r',1\") > 0\nerase `f'.csv",
    &[("hit", 1.0), ("strpos(got, \"x,1,1.000\") > 0", 1.0)]
);
spec!(
    SPEC_T,
    "t2docx",
    T,
    ttest,
    "t2docx varlist [if] [in] using file, by(groupvar) [replace append fmt(%fmt) welch noT noP star[(* # ** # *** #)] nostar title(text) note(text) label]",
    "observations and means of two groups, their difference with stars and its t statistic; no results",
    "set obs 6\ngenerate g = _n > 3\ngenerate x = _n + (_n == 6)\ntempfile f\nt2docx x using `f'.csv, replace by(g) nostar\nscalar got = fileread(\"`f'.csv\")\nttest x, by(g)\nlocal t = trim(string(r(t), \"%9.3f\"))\nscalar hit = strpos(got, \"x,3,2.000,3,5.333,-3.333,`t'\") > 0\nerase `f'.csv",
    &[("hit", 1.0)]
);
pub(super) fn finish(s: &mut Session, cmd: &ParsedCommand, mut sheet: Sheet) -> Result<()> {
    if let Some(title) = cmd.options.text("title") {
        sheet.title = title.to_string();
    }
    if let Some(note) = cmd.options.text("note") {
        sheet.notes.push(note.to_string());
    }
    let file = with_extension(cmd.using.as_deref().unwrap_or_default(), "docx");
    let target = Target { file: file.clone(), replace: cmd.has("replace"), append: cmd.has("append") };
    sheet.print(s);
    write::write(s, sheet, &target)?;
    s.print(format!("the table is written to file {file}"));
    Ok(())
}

fn numeric(s: &Session, list: &str) -> Result<Vec<usize>> {
    let vars = s.varlist(list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    if vars.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    Ok(vars)
}

fn name(s: &Session, cmd: &ParsedCommand, v: usize) -> String {
    let var = s.frame.var(v);
    if cmd.has("label") && !var.label.is_empty() { var.label.clone() } else { var.name.clone() }
}

/// Items `name(%fmt)` of a list.
pub(super) fn formatted(text: &str, fallback: &str) -> Vec<(String, String)> {
    words(&text.replace(" (", "("))
        .into_iter()
        .map(|word| match word.split_once('(') {
            Some((name, fmt)) => (name.to_string(), fmt.trim_end_matches(')').to_string()),
            None => (word.to_string(), if word == "N" { "%9.0f" } else { fallback }.to_string()),
        })
        .collect()
}

fn sum(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = numeric(s, cmd.options.text("order").unwrap_or(&cmd.list))?;
    let keep = s.rows(cmd)?;
    let stats = match cmd.options.text("stats") {
        Some(text) => formatted(text, "%9.3f"),
        None => statistics_as_options(cmd)?,
    };
    let mut sheet = Sheet::default();
    sheet
        .head
        .push(["VarName".to_string()].into_iter().chain(stats.iter().map(|s| title_of(&s.0))).collect());
    for v in vars {
        let sample = Sample::plain((0..keep.len()).filter(|r| keep[*r]).map(|r| s.frame.num_at(v, r)));
        let mut row = vec![name(s, cmd, v)];
        for (stat, fmt) in &stats {
            let x = by_name(&sample, stat)
                .ok_or_else(|| StataError::invalid(format!("unknown statistic {stat} in stats()")))?;
            row.push(format::bare(fmt, x));
        }
        sheet.rows.push(row);
    }
    finish(s, cmd, sheet)
}

/// The statistics in the order of their options, or the usual ones.
fn statistics_as_options(cmd: &ParsedCommand) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    for (name, argument) in split_options(&cmd.option_text)? {
        if name == "obs" {
            out.push(("N".to_string(), "%9.0f".to_string()));
        } else if STATISTICS.iter().any(|s| s.name == name) {
            out.push((name, argument.unwrap_or_else(|| "%9.3f".to_string())));
        }
    }
    let only_count = out.iter().all(|s| s.0 == "N");
    Ok(if only_count { formatted("N mean sd min median max", "%9.3f") } else { out })
}

fn title_of(stat: &str) -> String {
    match stat {
        "N" | "n" | "count" => "Obs".into(),
        "sd" => "SD".into(),
        stat => {
            let mut letters = stat.chars();
            letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// Levels of the stars, the smallest last.
fn stars(cmd: &ParsedCommand) -> Result<Vec<(String, f64)>> {
    if cmd.has("nostar") {
        return Ok(Vec::new());
    }
    let text = cmd.options.text("star").filter(|t| !t.is_empty()).unwrap_or("* 0.1 ** 0.05 *** 0.01");
    let parts = words(text);
    let pairs: Option<Vec<(String, f64)>> =
        parts.chunks(2).map(|p| Some((p[0].to_string(), p.get(1)?.parse().ok()?))).collect();
    pairs.ok_or_else(|| StataError::invalid("option star() incorrectly specified"))
}

fn starred(stars: &[(String, f64)], p: f64) -> &str {
    let reached = stars.iter().filter(|s| p < s.1).min_by(|a, b| a.1.total_cmp(&b.1));
    reached.map_or("", |s| s.0.as_str())
}

fn levels(stars: &[(String, f64)]) -> Option<String> {
    let text: Vec<String> = stars.iter().map(|(mark, p)| format!("{mark} p<{p}")).collect();
    (!text.is_empty()).then(|| text.join(", "))
}

fn corr(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = numeric(s, &cmd.list)?;
    let mut keep = s.rows(cmd)?;
    let mode = |option: &str| cmd.options.text(option).unwrap_or("").trim().to_string();
    let (pearson, spearman) = (mode("pearson"), mode("spearman"));
    for mode in [&pearson, &spearman] {
        if !["", "pw", "ignore"].contains(&mode.as_str()) {
            return Err(StataError::invalid(format!("{mode} is not allowed: pw or ignore")));
        }
    }
    let all = keep.clone();
    s.markout(&vars, &mut keep, false)?;
    let stars = stars(cmd)?;
    let fmt = cmd.options.text("fmt").unwrap_or("%9.3f");
    let cell = |a: usize, b: usize, ranks: bool, mode: &str| -> String {
        let used = if mode == "pw" { &all } else { &keep };
        let pairs: (Vec<f64>, Vec<f64>) = (0..used.len())
            .filter(|r| used[*r])
            .map(|r| (s.frame.num_at(a, r), s.frame.num_at(b, r)))
            .filter(|(x, y)| !is_missing(*x) && !is_missing(*y))
            .unzip();
        let (x, y) = if ranks { (mean_ranks(&pairs.0).0, mean_ranks(&pairs.1).0) } else { pairs };
        let r = correlation(&x, &y);
        let df = x.len() as f64 - 2.0;
        let p = if r.abs() < 1.0 { t_two_sided(df, r * (df / (1.0 - r * r)).sqrt()) } else { 0.0 };
        if r.is_finite() { format!("{}{}", format::bare(fmt, r), starred(&stars, p)) } else { ".".into() }
    };
    let mut sheet = Sheet::default();
    sheet.head.push([String::new()].into_iter().chain(vars.iter().map(|v| name(s, cmd, *v))).collect());
    for (i, a) in vars.iter().enumerate() {
        let mut row = vec![name(s, cmd, *a)];
        for (j, b) in vars.iter().enumerate() {
            row.push(match i.cmp(&j) {
                std::cmp::Ordering::Equal if cmd.has("nodiagonal") => String::new(),
                std::cmp::Ordering::Equal => "1".to_string(),
                std::cmp::Ordering::Greater if pearson != "ignore" => cell(*a, *b, false, &pearson),
                std::cmp::Ordering::Less if spearman != "ignore" => cell(*a, *b, true, &spearman),
                _ => String::new(),
            });
        }
        sheet.rows.push(row);
    }
    sheet.notes.extend(levels(&stars));
    finish(s, cmd, sheet)
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let cross = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
    cross(&|a, b| a * b) / (cross(&|a, _| a * a) * cross(&|_, b| b * b)).sqrt()
}

fn ttest(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = numeric(s, &cmd.list)?;
    let by = cmd.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?;
    let by = s.variable(by.trim())?;
    let mut keep = s.rows(cmd)?;
    s.markout(&[by], &mut keep, true)?;
    let groups = grouped(s, &[by], (0..keep.len()).filter(|r| keep[*r]).collect());
    let [one, two] = &groups[..] else {
        let n = groups.len();
        return Err(StataError::new(420, format!("{n} groups found, 2 required")));
    };
    let names = [one, two].map(|g| level_name(s, by, g[0]));
    let stars = stars(cmd)?;
    let fmt = cmd.options.text("fmt").unwrap_or("%9.3f").to_string();
    let mut sheet = Sheet::default();
    let mut head = vec!["Variables".to_string()];
    names.iter().enumerate().for_each(|(k, n)| {
        head.extend([format!("Obs({n})"), format!("Mean{}({n})", k + 1)]);
    });
    head.push("MeanDiff".into());
    if !cmd.has("not") {
        head.push("t-value".into());
    }
    if !cmd.has("nop") {
        head.push("p-value".into());
    }
    sheet.head.push(head);
    for v in vars {
        let sample = |g: &Vec<usize>| Sample::plain(g.iter().map(|r| s.frame.num_at(v, *r)));
        let (a, b) = (sample(one), sample(two));
        let (va, vb) = (a.variance() / a.n(), b.variance() / b.n());
        let (se, df) = if cmd.has("welch") || cmd.has("unequal") {
            let inner = |v: f64, n: f64| if cmd.has("welch") { v * v / (n + 1.0) } else { v * v / (n - 1.0) };
            let ratio = (va + vb).powi(2) / (inner(va, a.n()) + inner(vb, b.n()));
            ((va + vb).sqrt(), if cmd.has("welch") { ratio - 2.0 } else { ratio })
        } else {
            let df = a.n() + b.n() - 2.0;
            let pooled = ((a.n() - 1.0) * a.variance() + (b.n() - 1.0) * b.variance()) / df;
            ((pooled * (1.0 / a.n() + 1.0 / b.n())).sqrt(), df)
        };
        let t = (a.mean() - b.mean()) / se;
        let p = t_two_sided(df, t);
        let show = |x: f64| format::bare(&fmt, x);
        let mut row =
            vec![name(s, cmd, v), format!("{}", a.n()), show(a.mean()), format!("{}", b.n()), show(b.mean())];
        row.push(show(a.mean() - b.mean()) + starred(&stars, p));
        if !cmd.has("not") {
            row.push(show(t));
        }
        if !cmd.has("nop") {
            row.push(show(p));
        }
        sheet.rows.push(row);
    }
    sheet.notes.extend(levels(&stars));
    finish(s, cmd, sheet)
}
