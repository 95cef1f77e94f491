//! Output of `svy: tabulate`: cells with their totals, standard errors and limits ([SVY] svy: tabulate oneway,
//! svy: tabulate twoway).

use super::design::SurveyRows;
use super::results;
use super::svy::Call;
use super::tabulate::{Cells, Shown};
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use estimators::distributions::t_inverse_tail;
use estimators::survey::simple_random;

/// Width of a cell.
const WIDTH: usize = 14;

/// An estimate with its standard error and the number of observations.
#[derive(Clone, Copy)]
struct Estimate {
    value: f64,
    se: f64,
    observed: f64,
    /// Design effects: of the variance, and of the standard error.
    effects: [f64; 2],
}

/// Estimates with totals: a row for each row of the table and one below, a column more than the table has.
fn with_totals(rows: &SurveyRows, cells: &Cells, shown: Shown) -> Vec<Vec<Estimate>> {
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let n = rows.rows.len();
    let mut values = Vec::new();
    let mut columns = Vec::new();
    let mut observed = Vec::new();
    for i in 0..=nr {
        for j in 0..=nc {
            let inside = |c: usize| (i == nr || c / nc == i) && (j == nc || c % nc == j);
            let base = |c: usize| match shown {
                Shown::Row => i == nr || c / nc == i,
                Shown::Column => j == nc || c % nc == j,
                Shown::Cell | Shown::Count => true,
            };
            let mark =
                |k: usize, test: &dyn Fn(usize) -> bool| f64::from(u8::from(cells.cell[k].is_some_and(test)));
            let total: f64 = (0..n).map(|k| rows.weights[k] * mark(k, &inside)).sum();
            let whole: f64 = (0..n).map(|k| rows.weights[k] * mark(k, &base)).sum();
            observed.push((0..n).map(|k| mark(k, &inside)).sum::<f64>());
            if shown == Shown::Count {
                values.push(total);
                columns.push((0..n).map(|k| mark(k, &inside)).collect());
            } else {
                let p = total / whole;
                values.push(p);
                columns.push(
                    (0..n).map(|k| (mark(k, &inside) - p * mark(k, &base)) / whole).collect::<Vec<f64>>(),
                );
            }
        }
    }
    let v = results::covariance(rows, &columns);
    let finite = results::finite_population(rows);
    let at = |i: usize, j: usize| {
        let k = i * (nc + 1) + j;
        let simple = simple_random(&columns[k..=k], &rows.weights)[(0, 0)];
        let effects = [v[(k, k)] / (finite * simple), (v[(k, k)] / simple).sqrt()];
        Estimate { value: values[k], se: v[(k, k)].max(0.0).sqrt(), observed: observed[k], effects }
    };
    (0..=nr).map(|i| (0..=nc).map(|j| at(i, j)).collect()).collect()
}

/// Limits: on the logit scale for shares strictly between zero and one.
fn limits(e: Estimate, t: f64, shown: Shown) -> (f64, f64) {
    let half = t * e.se;
    if shown == Shown::Count || e.value <= 0.0 || e.value >= 1.0 || e.se < 1e-12 {
        return (e.value - half, e.value + half);
    }
    let (middle, half) = ((e.value / (1.0 - e.value)).ln(), half / (e.value * (1.0 - e.value)));
    let back = |z: f64| 1.0 / (1.0 + (-z).exp());
    (back(middle - half), back(middle + half))
}

/// What is shown and how.
struct Look {
    shown: Shown,
    scale: f64,
    fmt: String,
    t: f64,
    level: String,
    se: bool,
    ci: bool,
    /// Coefficient of variation, DEFF and DEFT.
    precision: [bool; 3],
    obs: bool,
    margins: bool,
    /// Widths of the cells and of the labels of rows.
    widths: (usize, usize),
}

impl Look {
    fn of(s: &Session, call: &Call<'_>, shown: Shown, level: f64) -> Self {
        let cmd = &call.inner;
        let df = s.e.results.get_scalar("df_r").unwrap_or(f64::NAN);
        Self {
            shown,
            scale: if cmd.has("percent") && shown != Shown::Count { 100.0 } else { 1.0 },
            fmt: cmd.options.text("format").map_or("%6.4g", str::trim).to_string(),
            t: t_inverse_tail(df, 0.5 - level / 200.0),
            level: format::bare("%5.0g", level).trim().to_string(),
            se: cmd.has("se"),
            ci: cmd.has("ci"),
            precision: ["cv", "deff", "deft"].map(|option| cmd.has(option)),
            obs: cmd.has("obs"),
            widths: (
                cmd.options.int("cellwidth").map_or(WIDTH, |w| w.clamp(4, 40) as usize + 2),
                cmd.options.int("stubwidth").map_or(12, |w| w.clamp(4, 40) as usize),
            ),
            margins: !cmd.has("nomarginals"),
        }
    }

    fn number(&self, x: f64) -> String {
        format::bare(&self.fmt, self.scale * x).trim().to_string()
    }

    /// The lines of a cell.
    fn cell(&self, e: Estimate) -> Vec<String> {
        let mut out = vec![self.number(e.value)];
        // a whole has no sampling error
        let whole = self.shown != Shown::Count && e.value == 1.0 && e.se < 1e-12;
        if self.se {
            out.push(if whole { String::new() } else { format!("({})", self.number(e.se)) });
        }
        if self.ci {
            let (low, high) = limits(e, self.t, self.shown);
            let text = format!("[{},{}]", self.number(low), self.number(high));
            out.push(if whole { String::new() } else { text });
        }
        out.extend(self.precision_of(e).into_iter().map(|x| if whole { String::new() } else { x }));
        if self.obs {
            out.push(format::bare("%12.0fc", e.observed).trim().to_string());
        }
        out
    }

    /// Coefficient of variation in percent and design effects, as far as they are wanted.
    fn precision_of(&self, e: Estimate) -> Vec<String> {
        let values = [100.0 * e.se / e.value, e.effects[0], e.effects[1]];
        let wanted = values.iter().zip(&self.precision).filter(|(_, wanted)| **wanted);
        wanted.map(|(x, _)| format::bare(&self.fmt, stata(*x)).trim().to_string()).collect()
    }

    /// What the numbers are, `row percentage`.
    fn what(&self) -> String {
        let unit = if self.scale == 100.0 { "percentage" } else { "proportion" };
        match self.shown {
            Shown::Cell => format!("cell {unit}"),
            Shown::Row => format!("row {unit}"),
            Shown::Column => format!("column {unit}"),
            Shown::Count => "weighted count".to_string(),
        }
    }

    fn key(&self, s: &mut Session) {
        let what = self.what();
        let upper = what[..1].to_uppercase() + &what[1..];
        let of = |text: String| format!("       {text} for {what}");
        s.print(format!("  Key: {upper}"));
        if self.se {
            s.print(of("(Linearized standard error)".to_string()));
        }
        if self.ci {
            s.print(of(format!("[{}% confidence interval]", self.level)));
        }
        let names = ["Coefficient of variation (%)", "DEFF", "DEFT"];
        for (name, _) in names.iter().zip(&self.precision).filter(|(_, wanted)| **wanted) {
            s.print(of((*name).to_string()));
        }
        if self.obs {
            s.print("       Number of observations");
        }
    }
}

/// Prints the table.
pub(super) fn display(
    s: &mut Session,
    call: &Call<'_>,
    rows: &SurveyRows,
    cells: &Cells,
    (shown, level): (Shown, f64),
) {
    s.print("(running tabulate on estimation sample)");
    results::header(s, "", &[]);
    let look = Look::of(s, call, shown, level);
    let found = with_totals(rows, cells, shown);
    if cells.cols.variables.is_empty() {
        one_way(s, cells, &look, &found);
    } else {
        two_way(s, cells, &look, &found);
    }
    look.key(s);
    super::tabulate_tests::show(s);
    results::notes(s);
}

fn two_way(s: &mut Session, cells: &Cells, look: &Look, found: &[Vec<Estimate>]) {
    let extra = usize::from(look.margins);
    let (nr, nc) = (cells.rows.count() + extra, cells.cols.count() + extra);
    let (width, stub) = look.widths;
    let right = |text: &str| format::right(text, width);
    let rule = "-".repeat(stub + 2 + width * nc);
    let short = |l: &[String]| format::abbrev(&l.join(" "), width - 2);
    let mut heads: Vec<String> = cells.cols.labels.iter().map(|l| short(l)).collect();
    heads.push("Total".to_string());
    let across = &cells.cols.variables[0];
    s.print(&rule);
    s.print(format!("{:>stub$} |{:^wide$}", "", across, wide = width * nc).trim_end());
    let name = format::abbrev(&cells.rows.variables[0], stub);
    s.print(format!("{name:>stub$} |{}", heads[..nc].iter().map(|h| right(h)).collect::<String>()));
    s.print(format!("{}+{}", "-".repeat(stub + 1), "-".repeat(width * nc)));
    let mut labels: Vec<String> = cells.rows.labels.iter().map(|l| l.join(" ")).collect();
    labels.push("Total".to_string());
    let several = look.cell(found[0][0]).len() > 1;
    for i in 0..nr {
        if several && i > 0 || i == cells.rows.count() {
            s.print(format!("{:>stub$} |", ""));
        }
        let parts: Vec<Vec<String>> = found[i][..nc].iter().map(|e| look.cell(*e)).collect();
        for k in 0..parts[0].len() {
            let label = if k == 0 { format::abbrev(&labels[i], stub) } else { String::new() };
            let numbers: String = parts.iter().map(|p| right(&p[k])).collect();
            s.print(format!("{} |{numbers}", format::right(&label, stub)).trim_end());
        }
    }
    s.print(&rule);
}

/// One variable: the numbers of a value stand side by side.
fn one_way(s: &mut Session, cells: &Cells, look: &Look, found: &[Vec<Estimate>]) {
    let mut heads = vec![match (look.shown, look.scale == 100.0) {
        (Shown::Count, _) => "count".to_string(),
        (_, true) => "percentage".to_string(),
        _ => "proportion".to_string(),
    }];
    heads.extend(look.se.then(|| "se".to_string()));
    if look.ci {
        heads.extend(["lb".to_string(), "ub".to_string()]);
    }
    let names = ["cv", "deff", "deft"].iter().zip(&look.precision);
    heads.extend(names.filter(|(_, wanted)| **wanted).map(|(name, _)| (*name).to_string()));
    heads.extend(look.obs.then(|| "obs".to_string()));
    let (width, stub) = look.widths;
    let right = |text: &str| format::right(text, width);
    let rule = "-".repeat(stub + 2 + width * heads.len());
    let name = format::abbrev(&cells.rows.variables[0], stub);
    s.print(&rule);
    s.print(format!("{name:>stub$} |{}", heads.iter().map(|h| right(h)).collect::<String>()));
    s.print(format!("{}+{}", "-".repeat(stub + 1), "-".repeat(width * heads.len())));
    let row = |label: &str, e: Estimate, whole: bool| {
        let unless_whole = |text: String| if whole { String::new() } else { text };
        let mut texts = vec![look.number(e.value)];
        texts.extend(look.se.then(|| unless_whole(look.number(e.se))));
        if look.ci {
            let (low, high) = limits(e, look.t, look.shown);
            texts.extend([low, high].map(|x| unless_whole(look.number(x))));
        }
        texts.extend(look.precision_of(e).into_iter().map(unless_whole));
        texts.extend(look.obs.then(|| format::bare("%12.0fc", e.observed).trim().to_string()));
        let texts: String = texts.iter().map(|t| right(t)).collect();
        let label = format::right(&format::abbrev(label, stub), stub);
        format!("{label} |{texts}").trim_end().to_string()
    };
    for (i, label) in cells.rows.labels.iter().enumerate() {
        s.print(row(&label.join(" "), found[i][0], false));
    }
    if look.margins {
        s.print(format!("{:>stub$} |", ""));
        let whole = look.shown != Shown::Count;
        s.print(row("Total", found[cells.rows.count()][0], whole));
    }
    s.print(&rule);
}
