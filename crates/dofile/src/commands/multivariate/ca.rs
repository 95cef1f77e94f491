//! `ca` and `camat`: simple correspondence analysis ([MV] ca). Numbers: `estimators::correspondence`; output in `ca_show`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::ca_show::show;
use super::shared::{columns_named, named, row_named};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::estimation::survival::Records;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind, front_and_options};
use estimators::correspondence::Correspondence;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;

const OPTIONS: [OptSpec; 8] = [
    OptSpec::int("DIMensions"),
    OptSpec::text("NORMalize"),
    OptSpec::text("ROWName"),
    OptSpec::text("COLName"),
    OptSpec::int("DDIMensions"),
    OptSpec::flag("noROWPoints"),
    OptSpec::flag("noCOLPoints"),
    OptSpec::int("MAXlength"),
];

const REFUSED: &[&str] = &["ROWSupp", "COLSupp", "MISsing", "REPort", "LENgth", "COMPact", "plot"];

const SYNTAX: StandardSyntax = StandardSyntax::new(&OPTIONS)
    .weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
    .unsupported(REFUSED);

const NOTES: &str = "crossed variables in parentheses, supplementary points and plots are not supported; the largest standard coordinate of the columns of a dimension is positive; coordinates: normalize(symmetric|standard|row|column|principal|#); stores e(N f inertia pinertia X2 X2_df X2_p), e(Sv), standard coordinates e(R) e(C), normalized ones e(TR) e(TC), e(r) e(c) e(P), e(GSR) e(GSC): mass, quality, share of inertia and for each dimension coord, sqcorr, contrib; [MV] ca";

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ca",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ca rowvar colvar [if] [in] [fweight aweight iweight] [, dimensions(#) normalize() rowname(text) colname(text) ddimensions(#) norowpoints nocolpoints] | ca [, ddimensions() norowpoints nocolpoints]",
    notes: NOTES,
    examples: &[Example {
        // a two by two table has one dimension, whose inertia is the squared correlation
        run: "input a b n\n1 1 30\n1 2 10\n2 1 20\n2 2 40\nend\nca a b [fweight=n], dimensions(1)\nmatrix s = e(Sv)\ncorrelate a b [fweight=n]",
        expect: &[("reldif(s[1,1], r(rho)) < 1e-12", 1.0), ("reldif(e(X2), 100*r(rho)^2) < 1e-12", 1.0)],
    }],
};

pub(super) const SPEC_CAMAT: CommandSpec = CommandSpec {
    name: "camat",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run: run_matrix,
    syntax: "camat matname [, dimensions(#) normalize() rowname(text) colname(text) ddimensions(#) norowpoints nocolpoints]",
    notes: "as ca, of a matrix; e(cmd) is ca",
    examples: &[Example {
        // without association there is no inertia
        run: "matrix F = (10, 20, 30 \\ 20, 40, 60 \\ 5, 10, 15)\ncamat F",
        expect: &[("abs(e(inertia)) < 1e-14", 1.0), ("e(X2_df)", 4.0), ("e(N)", 210.0)],
    }],
};

/// A table with the names of its categories.
struct Table {
    cells: Mat,
    rows: Vec<String>,
    columns: Vec<String>,
    row_name: String,
    column_name: String,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return if s.e.cmd() == "ca" { show(s, &cmd.options) } else { Err(StataError::no_estimates()) };
    }
    if cmd.list.contains('(') {
        return Err(StataError::unsupported_option("ca", "crossed variables"));
    }
    let variables = s.varlist(&cmd.list)?;
    let [a, b] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    let mut touse = s.rows(cmd)?;
    let found = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    s.markout(&variables, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let records = Records { rows: rows.clone(), ..Records::default() };
    let (left, top) = (Grouping::of(s, &[a], &records), Grouping::of(s, &[b], &records));
    let mut cells = Mat::zeros(left.count(), top.count());
    for (i, row) in rows.iter().enumerate() {
        cells[(left.of[i], top.of[i])] += found.as_ref().map_or(1.0, |w| w.values[*row]);
    }
    let labels = |g: &Grouping| g.labels.iter().map(|l| l.join(" ")).collect();
    let table = Table {
        rows: labels(&left),
        columns: labels(&top),
        row_name: left.variables[0].clone(),
        column_name: top.variables[0].clone(),
        cells,
    };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("varlist", format!("{} {}", table.row_name, table.column_name));
    r.matrix("Rcoding", Matrix::row_vector(left.values(), stripes(&table.rows)));
    r.matrix("Ccoding", Matrix::row_vector(top.values(), stripes(&table.columns)));
    if let Some(w) = &found {
        r.text("wtype", w.kind.name()).text("wexp", &w.exp);
    }
    analyse(s, cmd, &cmd.options, table, est, touse)
}

fn run_matrix(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, options) = front_and_options(&cmd.raw);
    let options = Options::parse("camat", options, &OPTIONS, REFUSED)?;
    let m = s.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let names = |s: &[Stripe]| s.iter().map(|n| n.name.clone()).collect();
    let table = Table {
        cells: Mat::from_fn(m.rows(), m.cols(), |i, j| m.get(i, j)),
        rows: names(&m.row_names),
        columns: names(&m.col_names),
        row_name: "rows".to_string(),
        column_name: "columns".to_string(),
    };
    let touse = vec![false; s.frame.n_rows()];
    analyse(s, cmd, &options, table, Estimation::default(), touse)
}

fn stripes(labels: &[String]) -> Vec<Stripe> {
    labels.iter().map(|l| Stripe::term(l.replace([' ', '.'], "_"))).collect()
}

/// Powers of the singular values in the coordinates of rows and columns, and the name of the normalization.
fn powers(text: Option<&str>) -> Result<([f64; 2], String)> {
    let word = text.unwrap_or("symmetric").trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let found = match () {
        () if is("symmetric", 2) || is("canonical", 2) => ([0.5, 0.5], "symmetric"),
        () if is("standard", 2) => ([0.0, 0.0], "standard"),
        () if is("row", 2) => ([1.0, 0.0], "row"),
        () if is("column", 2) => ([0.0, 1.0], "column"),
        () if is("principal", 2) => ([1.0, 1.0], "principal"),
        () => {
            let number = crate::syntax::options::parse_number(word).filter(|x| (0.0..=1.0).contains(x));
            let x = number.ok_or_else(|| StataError::invalid(format!("normalize({word}) invalid")))?;
            return Ok(([x, 1.0 - x], word.to_string()));
        }
    };
    Ok((found.0, found.1.to_string()))
}

fn analyse(
    s: &mut Session,
    cmd: &ParsedCommand,
    options: &Options,
    mut table: Table,
    mut est: Estimation,
    touse: Vec<bool>,
) -> Result<()> {
    let (nr, nc) = (table.cells.rows(), table.cells.cols());
    if nr < 2 || nc < 2 {
        return Err(StataError::new(498, "at least two rows and two columns are needed"));
    }
    if table.cells.data().iter().any(|x| *x < 0.0 || crate::value::is_missing(*x)) {
        return Err(StataError::new(411, "the table must have nonnegative values"));
    }
    let empty = |n: usize, sum: &dyn Fn(usize) -> f64| (0..n).any(|i| sum(i) <= 0.0);
    let cells = &table.cells;
    if empty(nr, &|i| cells.row(i).iter().sum()) || empty(nc, &|j| (0..nr).map(|i| cells[(i, j)]).sum()) {
        return Err(StataError::new(498, "margins of the table must be positive"));
    }
    let most = nr.min(nc) - 1;
    let f = match options.int("dimensions") {
        None => most.min(2),
        Some(d) if d >= 1 && d <= most as i64 => d as usize,
        Some(_) => return Err(StataError::new(198, format!("dimensions() must be between 1 and {most}"))),
    };
    for (name, slot) in [("rowname", &mut table.row_name), ("colname", &mut table.column_name)] {
        if let Some(text) = options.text(name) {
            *slot = text.trim().to_string();
        }
    }
    let (powers, norm) = powers(options.text("normalize"))?;
    let found = Correspondence::of(&table.cells);
    let found = found.ok_or_else(StataError::not_converged)?;
    let r = &mut est.results;
    let (all, df) = (found.inertia(), ((nr - 1) * (nc - 1)) as f64);
    let kept: f64 = found.values[..f].iter().map(|v| v * v).sum();
    r.scalar("N", found.total).scalar("f", f as f64).scalar("inertia", all);
    r.scalar("pinertia", if all > 0.0 { kept / all } else { 0.0 });
    r.scalar("X2", all * found.total).scalar("X2_df", df).scalar("X2_p", chi2_tail(df, all * found.total));
    let distinct = found.values.windows(2).all(|w| (w[0] - w[1]).abs() > 1e-12 * found.values[0]);
    r.text("cmd", "ca").text("cmdline", command_line(cmd)).text("title", "Correspondence analysis");
    r.text("ca_data", "variables").text("Rname", &table.row_name).text("Cname", &table.column_name);
    r.text("norm", norm).text("sv_unique", if distinct { "1" } else { "0" });
    r.text("properties", "nob noV eigen").text("marginsnotok", "_ALL");
    let dims = columns_named("dim", f);
    r.matrix("Sv", row_named(found.values.clone(), columns_named("dim", most)));
    let (rows, columns) = (stripes(&table.rows), stripes(&table.columns));
    let first =
        |m: &Mat, power: f64| Mat::from_fn(m.rows(), f, |i, k| m[(i, k)] * found.values[k].powf(power));
    r.matrix("R", named(&first(&found.rows, 0.0), rows.clone(), dims.clone()));
    r.matrix("C", named(&first(&found.columns, 0.0), columns.clone(), dims.clone()));
    let (tr, tc) = (first(&found.rows, powers[0]), first(&found.columns, powers[1]));
    r.matrix("TR", named(&tr, rows.clone(), dims.clone())).matrix("TC", named(&tc, columns.clone(), dims));
    let column = |x: &[f64]| Mat::from_rows(x.len(), 1, x.to_vec());
    r.matrix("r", named(&column(&found.row_masses), rows.clone(), vec![Stripe::term("mass")]));
    r.matrix("c", named(&column(&found.column_masses), columns.clone(), vec![Stripe::term("mass")]));
    let p = Mat::from_fn(nr, nc, |i, j| table.cells[(i, j)] / found.total);
    r.matrix("P", named(&p, rows.clone(), columns.clone()));
    r.matrix("GSR", statistics(&found, true, &tr, rows))
        .matrix("GSC", statistics(&found, false, &tc, columns));
    s.post_estimation(est, touse);
    show(s, options)
}

/// Mass, quality and share of inertia of each category, and its coordinate and shares in each dimension.
fn statistics(x: &Correspondence, rows: bool, coordinates: &Mat, names: Vec<Stripe>) -> Matrix {
    let masses = if rows { &x.row_masses } else { &x.column_masses };
    let (inertias, all, f) = (x.inertias(rows), x.inertia(), coordinates.cols());
    let mut cells = Vec::new();
    for i in 0..masses.len() {
        let shares: Vec<_> = (0..f).map(|k| x.share(rows, i, k)).collect();
        let quality: f64 = shares.iter().map(|s| s.of_category).sum();
        cells.extend([masses[i], quality, if all > 0.0 { inertias[i] / all } else { 0.0 }]);
        for (k, share) in shares.iter().enumerate() {
            cells.extend([coordinates[(i, k)], share.of_category, share.of_dimension]);
        }
    }
    let mut out = Matrix::new(masses.len(), 3 * (1 + f), cells);
    out.row_names = names;
    let overall = ["mass", "quality", "inert"].map(|n| Stripe::with_eq("overall", n));
    let each = |k: usize| ["coord", "sqcorr", "contrib"].map(|n| Stripe::with_eq(format!("dim{k}"), n));
    out.col_names = overall.into_iter().chain((1..=f).flat_map(each)).collect();
    out
}
