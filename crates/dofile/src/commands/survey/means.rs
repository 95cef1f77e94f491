//! `svy: mean`, `proportion`, `total` and `ratio`: linearised values of each quantity in each group.

use super::svy::Call;
use super::{design, replicates, results};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::{Parameters, stata};
use crate::estimation::survival::Records;
use crate::matrix::Matrix;
use crate::ops::means::{self as plain, Item, Kind};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::Session;
use estimators::survey::simple_random;

fn kind(name: &str) -> Kind {
    match name {
        "mean" => Kind::Mean,
        "proportion" => Kind::Proportion,
        "total" => Kind::Total,
        _ => Kind::Ratio,
    }
}

/// Estimates with linearised values: one column for each estimate, zero outside its group.
struct Linearised {
    b: Vec<f64>,
    sizes: Vec<f64>,
    /// Sums of weights of the groups.
    populations: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

/// The quantities of a command, each in each group of rows.
struct Quantities {
    kind: Kind,
    items: Vec<Item>,
    /// Group of each row of the design, `None` outside the subpopulation.
    group: Vec<Option<usize>>,
    groups: usize,
}

impl Quantities {
    /// Total: `d = y`. Mean, proportion and ratio: `d = (y - b x)/X` with `X` the weighted total of the
    /// denominator ([SVY] Variance estimation).
    fn linearise(&self, s: &Session, rows: &design::SurveyRows) -> Linearised {
        let mut out =
            Linearised { b: Vec::new(), sizes: Vec::new(), populations: Vec::new(), columns: Vec::new() };
        for item in &self.items {
            let value = |i: usize| {
                let x = s.frame.num_at(item.top, rows.rows[i]);
                item.category.map_or(x, |c| f64::from(u8::from(x == c)))
            };
            let base = |i: usize| item.bottom.map_or(1.0, |v| s.frame.num_at(v, rows.rows[i]));
            for g in 0..self.groups {
                let members: Vec<usize> =
                    (0..self.group.len()).filter(|i| self.group[*i] == Some(g)).collect();
                let sum =
                    |f: &dyn Fn(usize) -> f64| members.iter().map(|i| rows.weights[*i] * f(*i)).sum::<f64>();
                let (top, bottom) = (sum(&value), sum(&base));
                let b = if self.kind == Kind::Total { top } else { top / bottom };
                let mut column = vec![0.0; self.group.len()];
                for i in &members {
                    column[*i] = if self.kind == Kind::Total {
                        value(*i)
                    } else {
                        (value(*i) - b * base(*i)) / bottom
                    };
                }
                out.b.push(b);
                out.sizes.push(members.len() as f64);
                out.populations.push(sum(&|_| 1.0));
                out.columns.push(column);
            }
        }
        out
    }

    /// Covariance of the estimates if each group were a simple random sample of its own.
    fn within_groups(&self, rows: &design::SurveyRows, found: &Linearised) -> Vec<f64> {
        let size = found.b.len();
        let mut out = vec![0.0; size * size];
        for g in 0..self.groups {
            let members: Vec<usize> = (0..self.group.len()).filter(|i| self.group[*i] == Some(g)).collect();
            let pick = |values: &[f64]| members.iter().map(|i| values[*i]).collect::<Vec<f64>>();
            let places: Vec<usize> = (g..size).step_by(self.groups).collect();
            let columns: Vec<Vec<f64>> = places.iter().map(|p| pick(&found.columns[*p])).collect();
            let v = simple_random(&columns, &pick(&rows.weights));
            for (i, p) in places.iter().enumerate() {
                for (j, q) in places.iter().enumerate() {
                    out[p * size + q] = stata(v[(i, j)]);
                }
            }
        }
        out
    }

    /// Covariance of the estimates of the command without the design: equal weights and a simple random sample of the rows of
    /// the subpopulation ([SVY] estat, misspecification effects).
    fn misspecified(&self, s: &Session, rows: &design::SurveyRows) -> Vec<f64> {
        let equal = design::SurveyRows { weights: vec![1.0; rows.rows.len()], ..rows.clone() };
        let found = self.linearise(s, &equal);
        if self.kind != Kind::Total {
            return self.within_groups(&equal, &found);
        }
        // a total counts the rows of the other groups as zeros
        let inside: Vec<usize> = (0..self.group.len()).filter(|i| self.group[*i].is_some()).collect();
        let columns: Vec<Vec<f64>> =
            found.columns.iter().map(|column| inside.iter().map(|i| column[*i]).collect()).collect();
        let v = simple_random(&columns, &vec![1.0; inside.len()]);
        let size = columns.len();
        (0..size * size).map(|k| stata(v[(k / size, k % size)])).collect()
    }
}

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    let kind = kind(&cmd.name);
    let shown = if call.prefix.has("level") { &call.prefix } else { cmd };
    let level = level(s, shown)?;
    let over = plain::over(s, cmd)?;
    let open = design::open(s, cmd, call.prefix.options.text("subpop"))?;
    let mut used = open.inside.clone();
    let named = plain::items(s, &cmd.list, kind, |_| Ok(vec![0.0]))?;
    let variables: Vec<usize> = named.iter().flat_map(|i| [Some(i.top), i.bottom]).flatten().collect();
    s.markout(&variables, &mut used, false)?;
    s.markout(&over, &mut used, true)?;
    if !used.iter().any(|u| *u) {
        return Err(StataError::no_observations());
    }
    let rows = open.close(s, &used, call.prefix.options.real("dof"))?;
    let inside: Vec<usize> =
        (0..rows.rows.len()).filter(|i| rows.inside[*i] && used[rows.rows[*i]]).collect();
    let items = plain::items(s, &cmd.list, kind, |v| {
        let mut found: Vec<f64> = inside.iter().map(|i| s.frame.num_at(v, rows.rows[*i])).collect();
        found.sort_by(f64::total_cmp);
        found.dedup();
        Ok(found)
    })?;
    let records = Records { rows: inside.iter().map(|i| rows.rows[*i]).collect(), ..Records::default() };
    let groups = Grouping::of(s, &over, &records);
    let mut group = vec![None; rows.rows.len()];
    inside.iter().zip(&groups.of).for_each(|(i, g)| group[*i] = Some(*g));
    let quantities = Quantities { kind, items, group, groups: groups.count() };
    let items = &quantities.items;
    let found = quantities.linearise(s, &rows);
    let v = results::covariance(&rows, &found.columns);
    let stripe = plain::names(items, &groups);
    let places: Vec<usize> = (0..stripe.len()).collect();
    let parameters = Parameters { stripe: stripe.clone(), b: found.b.clone(), v };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    let title = format!("Survey: {} estimation", plain::capital(kind.name()));
    r.text("cmd", kind.name()).text("cmdline", format!("svy: {}", call.text)).text("title", title.as_str());
    r.text("varlist", items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(" "));
    r.scalar("k_eq", items.len() as f64);
    plain::store_groups(r, &groups);
    r.matrix("V_srssub", Matrix::square(quantities.within_groups(&rows, &found), stripe.clone()));
    let equal = quantities.misspecified(s, &rows);
    r.matrix("V_msp", Matrix::square(equal, stripe.clone()));
    r.matrix("_N", Matrix::row_vector(found.sizes, stripe.clone()));
    r.matrix("_N_subp", Matrix::row_vector(found.populations, stripe.clone()));
    let with_replacement = simple_random(&found.columns, &rows.weights);
    results::store(r, &rows, &with_replacement, &parameters.v, &stripe, &places);
    s.post_estimation(est, rows.sample(s.frame.n_rows()));
    replicates::apply(s, call, &rows)?;
    s.print(format!("(running {} on estimation sample)", kind.name()));
    if !(cmd.has("noheader") || call.prefix.has("noheader")) {
        results::header(s, &title, &[]);
        plain::ratio_legend(s, items);
    }
    plain::table(s, level, kind, plain::Shown::default())?;
    results::notes(s);
    Ok(())
}
