//! Tests and measures of association of two-way tables ([R] tabulate twoway).

use crate::error::Result;
use crate::estimation::post::stata;
use crate::format;
use crate::ops::two_way::{contributions, sums};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions;

/// A cell of a table whose rows and columns have an order.
struct OrderedCell {
    count: f64,
    /// Observations above on the left and below on the right.
    concordant: f64,
    /// Observations above on the right and below on the left.
    discordant: f64,
    /// Row and column total.
    totals: (f64, f64),
}

/// Association of ordered rows and columns with asymptotic standard errors ([R] tabulate twoway; Brown and Benedetti
/// 1977).
struct Order {
    cells: Vec<OrderedCell>,
    n: f64,
    /// `n^2` less the squared row totals, and less the squared column totals.
    spread: (f64, f64),
}

impl Order {
    fn of(nc: usize, cells: &[f64], rows: &[f64], cols: &[f64]) -> Self {
        use std::cmp::Ordering::{Greater, Less};
        let ordered = (0..cells.len())
            .map(|k| {
                let (mut concordant, mut discordant) = (0.0, 0.0);
                for (l, count) in cells.iter().enumerate() {
                    match ((l / nc).cmp(&(k / nc)), (l % nc).cmp(&(k % nc))) {
                        (Less, Less) | (Greater, Greater) => concordant += count,
                        (Less, Greater) | (Greater, Less) => discordant += count,
                        _ => {}
                    }
                }
                OrderedCell { count: cells[k], concordant, discordant, totals: (rows[k / nc], cols[k % nc]) }
            })
            .collect();
        let n: f64 = rows.iter().sum();
        let left = |totals: &[f64]| n * n - totals.iter().map(|t| t * t).sum::<f64>();
        Self { cells: ordered, n, spread: (left(rows), left(cols)) }
    }

    /// Twice the number of concordant and of discordant pairs.
    fn pairs(&self) -> (f64, f64) {
        let sum = |f: fn(&OrderedCell) -> f64| self.cells.iter().map(|c| c.count * f(c)).sum();
        (sum(|c| c.concordant), sum(|c| c.discordant))
    }

    /// Goodman and Kruskal's gamma and its standard error.
    fn gamma(&self) -> (f64, f64) {
        let (p, q) = self.pairs();
        let squares: f64 =
            self.cells.iter().map(|c| c.count * (q * c.concordant - p * c.discordant).powi(2)).sum();
        ((p - q) / (p + q), 4.0 * squares.sqrt() / (p + q).powi(2))
    }

    /// Kendall's tau-b and its standard error.
    fn tau_b(&self) -> (f64, f64) {
        let (p, q) = self.pairs();
        let (wr, wc) = self.spread;
        let w = (wr * wc).sqrt();
        let tau = (p - q) / w;
        let squares: f64 = self
            .cells
            .iter()
            .map(|c| {
                let v = c.totals.0 * wc + c.totals.1 * wr;
                c.count * (2.0 * w * (c.concordant - c.discordant) + tau * v).powi(2)
            })
            .sum();
        let inner = squares - self.n.powi(3) * tau * tau * (wr + wc).powi(2);
        (tau, inner.max(0.0).sqrt() / (w * w))
    }
}

/// Pearson and likelihood-ratio chi-squared, Cramér's V, gamma, tau-b, Fisher's exact test.
pub(super) fn statistics(
    s: &mut Session,
    cmd: &ParsedCommand,
    nr: usize,
    nc: usize,
    cells: &[f64],
    r: &mut Results,
) -> Result<()> {
    let (rows, cols, n) = sums(nr, nc, cells);
    let df = ((nr - 1) * (nc - 1)) as f64;
    let mut chi2 = 0.0;
    let mut lr = 0.0;
    for i in 0..nr {
        for j in 0..nc {
            let e = rows[i] * cols[j] / n;
            let (pearson, likelihood) = contributions(cells[i * nc + j], e);
            chi2 += pearson;
            lr += likelihood;
        }
    }
    let tail = |x: f64| if df > 0.0 { distributions::chi2_tail(df, x) } else { MISSING };
    let line = |name: &str, x: f64, p: f64| {
        format!("{:>25} = {:>8}   Pr = {p:.3}", format!("{name}({})", df as i64), format::bare("%8.4f", x))
    };
    let asked = |option: &str| cmd.has("all") || cmd.has(option);
    if asked("chi2") && df > 0.0 {
        r.scalar("chi2", chi2).scalar("p", tail(chi2));
        s.print(line("Pearson chi2", chi2, tail(chi2)));
    }
    if asked("lrchi2") && df > 0.0 {
        r.scalar("chi2_lr", lr).scalar("p_lr", tail(lr));
        s.print(line("Likelihood-ratio chi2", lr, tail(lr)));
    }
    if asked("v") && df > 0.0 {
        let mut v = (chi2 / n / (nr.min(nc) as f64 - 1.0)).sqrt();
        if nr == 2 && nc == 2 {
            // for 2 x 2 tables the sign is that of the cross product
            v *= (cells[0] * cells[3] - cells[1] * cells[2]).signum();
        }
        r.scalar("CramersV", v);
        s.print(format!("{:>25} = {:>8}", "Cramér's V", format::bare("%8.4f", v)));
    }
    if asked("gamma") || asked("taub") {
        let order = Order::of(nc, cells, &rows, &cols);
        let mut show = |option: &str, name: &str, (value, error): (f64, f64), stored: (&str, &str)| {
            if asked(option) {
                let (value, error) = (stata(value), stata(error));
                r.scalar(stored.0, value).scalar(stored.1, error);
                let value = format::bare("%8.4f", value);
                s.print(format!("{name:>25} = {value:>8}  ASE = {}", format::bare("%5.3f", error).trim()));
            }
        };
        show("gamma", "gamma", order.gamma(), ("gamma", "ase_gam"));
        show("taub", "Kendall's tau-b", order.tau_b(), ("taub", "ase_taub"));
    }
    if cmd.has("exact") {
        let (p, one_sided) = crate::ops::fisher::exact(nr, nc, cells)?;
        r.scalar("p_exact", p);
        s.print(format!("{:>25} = {p:>21.3}", "Fisher's exact"));
        if let Some(p1) = one_sided {
            r.scalar("p1_exact", p1);
            s.print(format!("{:>25} = {p1:>21.3}", "1-sided Fisher's exact"));
        }
    }
    Ok(())
}
