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

/// Characters of a label above or beside the cells, where no option says otherwise.
const LABEL: usize = 8;

/// An estimate with its standard error and the number of observations.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) se: f64,
    pub(super) observed: f64,
    /// Design effects: of the variance, and of the standard error.
    pub(super) effects: [f64; 2],
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
pub(super) fn limits(e: Estimate, t: f64, shown: Shown) -> (f64, f64) {
    let half = t * e.se;
    if shown == Shown::Count || e.value <= 0.0 || e.value >= 1.0 || e.se < 1e-12 {
        return (e.value - half, e.value + half);
    }
    let (middle, half) = ((e.value / (1.0 - e.value)).ln(), half / (e.value * (1.0 - e.value)));
    let back = |z: f64| 1.0 / (1.0 + (-z).exp());
    (back(middle - half), back(middle + half))
}

/// What is shown and how.
pub(super) struct Look {
    pub(super) shown: Shown,
    /// What the estimates are multiplied by.
    pub(super) scale: f64,
    pub(super) percent: bool,
    fmt: String,
    /// Quantile of the limits.
    pub(super) t: f64,
    level: String,
    se: bool,
    ci: bool,
    /// Coefficient of variation, DEFF and DEFT.
    precision: [bool; 3],
    obs: bool,
    margins: bool,
    /// The most characters of labels above the cells and beside the rows, and the room of the latter.
    widths: (usize, usize, usize),
}

impl Look {
    fn of(s: &Session, call: &Call<'_>, shown: Shown, level: f64) -> Self {
        let cmd = &call.inner;
        let df = s.e.results.get_scalar("df_r").unwrap_or(f64::NAN);
        Self {
            shown,
            percent: cmd.has("percent"),
            scale: if cmd.has("percent") && shown != Shown::Count { 100.0 } else { 1.0 },
            fmt: cmd.options.text("format").map_or("%6.4g", str::trim).to_string(),
            t: t_inverse_tail(df, 0.5 - level / 200.0),
            level: format::bare("%5.0g", level).trim().to_string(),
            se: cmd.has("se"),
            ci: cmd.has("ci"),
            precision: ["cv", "deff", "deft"].map(|option| cmd.has(option)),
            obs: cmd.has("obs"),
            widths: {
                let cell = cmd.options.int("cellwidth").map_or(LABEL, |w| w.clamp(4, 40) as usize);
                let stub = cmd.options.int("stubwidth").map(|w| w.clamp(4, 32) as usize);
                (cell, stub.unwrap_or(LABEL), stub.unwrap_or(LABEL + 1))
            },
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
        s.print(format!("Key: {upper}"));
        if self.se {
            s.print(format!("     (Linearized standard error of {what})"));
        }
        if self.ci {
            s.print(format!("     [{}% confidence interval for {what}]", self.level));
        }
        let names = ["Coefficient of variation of", "Deff for variance of", "Deft for variance of"];
        for (name, _) in names.iter().zip(&self.precision).filter(|(_, wanted)| **wanted) {
            s.print(format!("     {name} {what}"));
        }
        if self.obs {
            s.print("     Number of observations");
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
    s.extensions.set(super::tabulate_kept::kept(rows, cells, &look, &found));
}

/// Text cut to a number of characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The label of a variable, or its name.
fn title_of(s: &Session, name: &str) -> (String, bool) {
    match s.frame.find(name).map(|v| s.frame.var(v).label.clone()) {
        Some(label) if !label.is_empty() => (label, true),
        _ => (name.to_string(), false),
    }
}

/// Words in lines of a width; a longer word is broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.len() <= width => {
                last.push(' ');
                last.extend(word);
                continue;
            }
            _ => {}
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        lines.push(word.into_iter().collect());
    }
    lines
}

/// The lines of the table: rules, headings, a label and the cells of each row.
struct Grid {
    stub: usize,
    widths: Vec<usize>,
}

impl Grid {
    /// Columns as wide as their longest text.
    fn of(stub: usize, heads: &[String], rows: &[Vec<Vec<String>>]) -> Self {
        let texts = rows.iter().flatten().flatten().chain(heads);
        let cell = texts.map(|t| t.chars().count()).max().unwrap_or(0);
        let widths = (0..heads.len()).map(|j| cell + if j == 0 { 1 } else { 2 }).collect();
        Self { stub, widths }
    }

    fn body(&self) -> usize {
        self.widths.iter().sum()
    }

    fn rule(&self) -> String {
        "-".repeat(self.stub + 2 + self.body())
    }

    fn cells(&self, texts: &[String]) -> String {
        texts.iter().zip(&self.widths).map(|(text, width)| format::right(text, *width)).collect()
    }

    /// The heading: the variable of the rows, `above` over the names of the columns.
    fn head(&self, s: &mut Session, name: &str, above: Option<&str>, heads: &[String]) {
        let (title, labelled) = title_of(s, name);
        let stub = self.stub;
        let mut lines = if labelled {
            wrapped(&title, stub).into_iter().map(|line| format!("{line:<stub$}")).collect()
        } else {
            vec![format!("{:>stub$}", format::abbrev(&title, stub))]
        };
        if above.is_some() && lines.len() == 1 {
            lines.insert(0, " ".repeat(stub));
        }
        let last = lines.len() - 1;
        s.print(self.rule());
        for (at, line) in lines.iter().enumerate() {
            let right = match above {
                _ if at == last => self.cells(heads),
                Some(above) if at + 1 == last => {
                    let text = cut(above, self.body());
                    let spare = self.body() - text.chars().count();
                    format!("{}{text}{}", " ".repeat(spare.div_ceil(2)), " ".repeat(spare / 2))
                }
                _ => String::new(),
            };
            s.print(format!("{line} |{right}"));
        }
        s.print(format!("{}+{}", "-".repeat(stub + 1), "-".repeat(self.body())));
    }

    /// Rows of lines of cells; a blank one stands before the total, and between rows of several lines.
    fn rows(&self, s: &mut Session, labels: &[String], rows: &[Vec<Vec<String>>], total: Option<usize>) {
        let stub = self.stub;
        for (i, (label, lines)) in labels.iter().zip(rows).enumerate() {
            if i > 0 && lines.len() > 1 || total == Some(i) {
                s.print(format!("{:>stub$} | ", ""));
            }
            for (k, texts) in lines.iter().enumerate() {
                let label = if k == 0 { label.as_str() } else { "" };
                s.print(format!("{} |{}", format::right(label, stub), self.cells(texts)));
            }
        }
        s.print(self.rule());
    }
}

/// Labels of the rows, and of the total.
fn row_labels(cells: &Cells, look: &Look) -> Vec<String> {
    let all = cells.rows.labels.iter().map(|l| cut(&l.join(" "), look.widths.1));
    all.chain(look.margins.then(|| "Total".to_string())).collect()
}

fn two_way(s: &mut Session, cells: &Cells, look: &Look, found: &[Vec<Estimate>]) {
    let nc = cells.cols.count() + usize::from(look.margins);
    let mut heads: Vec<String> = cells.cols.labels.iter().map(|l| cut(&l.join(" "), look.widths.0)).collect();
    heads.push("Total".to_string());
    heads.truncate(nc);
    let labels = row_labels(cells, look);
    let rows: Vec<Vec<Vec<String>>> = found[..labels.len()]
        .iter()
        .map(|row| {
            let parts: Vec<Vec<String>> = row[..nc].iter().map(|e| look.cell(*e)).collect();
            (0..parts[0].len()).map(|k| parts.iter().map(|p| p[k].clone()).collect()).collect()
        })
        .collect();
    let grid = Grid::of(look.widths.2, &heads, &rows);
    let (across, _) = title_of(s, &cells.cols.variables[0]);
    grid.head(s, &cells.rows.variables[0], Some(&across), &heads);
    grid.rows(s, &labels, &rows, look.margins.then(|| cells.rows.count()));
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
    let row = |e: Estimate, whole: bool| {
        let unless_whole = |text: String| if whole { String::new() } else { text };
        let mut texts = vec![look.number(e.value)];
        texts.extend(look.se.then(|| unless_whole(look.number(e.se))));
        if look.ci {
            let (low, high) = limits(e, look.t, look.shown);
            texts.extend([low, high].map(|x| unless_whole(look.number(x))));
        }
        texts.extend(look.precision_of(e).into_iter().map(unless_whole));
        texts.extend(look.obs.then(|| format::bare("%12.0fc", e.observed).trim().to_string()));
        vec![texts]
    };
    let count = cells.rows.count();
    let labels = row_labels(cells, look);
    let whole = look.shown != Shown::Count;
    let rows: Vec<Vec<Vec<String>>> =
        (0..labels.len()).map(|i| row(found[i][0], whole && i == count)).collect();
    let grid = Grid::of(look.widths.2, &heads, &rows);
    grid.head(s, &cells.rows.variables[0], None, &heads);
    grid.rows(s, &labels, &rows, look.margins.then_some(count));
}
