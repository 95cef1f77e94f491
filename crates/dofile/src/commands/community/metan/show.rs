//! The table of `metan`.

use super::pools::{Pool, between};
use super::request::{Method, Studies};
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use estimators::distributions::chi2_tail;

/// A group of studies with its name.
pub(super) struct Group {
    /// Its name, empty without `by()`.
    pub name: String,
    /// Positions of its studies.
    pub at: Vec<usize>,
    /// Their pool.
    pub pool: Pool,
}

/// What is printed.
pub(super) struct Table<'a> {
    /// The studies.
    pub studies: &'a Studies,
    /// Groups, one without `by()`.
    pub groups: &'a [Group],
    /// All studies.
    pub overall: &'a Pool,
    /// Name of the grouping variable.
    pub by: Option<&'a str>,
    /// Weights of the studies in percent.
    pub shares: &'a [f64],
    /// Half widths of intervals in standard errors: studies, pools.
    pub z: (f64, f64),
    /// Levels: studies, pools.
    pub levels: (f64, f64),
    /// Name of the effect.
    pub effect: &'a str,
    /// Whether the pool of all studies is shown.
    pub with_overall: bool,
    /// Whether the pools of groups are shown.
    pub with_groups: bool,
}

impl Table<'_> {
    fn shown(&self, x: f64) -> f64 {
        if self.studies.log_scale { x.exp() } else { x }
    }

    fn line(&self, name: &str, y: f64, half: f64, share: f64) -> String {
        let number = |x: f64| format::bare("%7.3f", stata(self.shown(x)));
        format!(
            "{:<21}|{:>7}{:>12}{:>10}{:>14}",
            format::abbrev(name, 20),
            number(y),
            number(y - half),
            number(y + half),
            format::bare("%7.2f", share)
        )
    }

    fn rule() -> String {
        format!("{}+{}", "-".repeat(21), "-".repeat(51))
    }

    /// Prints studies and pools.
    pub(super) fn print(&self, s: &mut Session) {
        let level = format::bare("%5.0g", self.levels.0);
        s.print("");
        s.print(format!("{:>16}     |{:>7}    [{level}% Conf. Interval]     % Weight", "Study", self.effect));
        s.print(Self::rule());
        let pooled = format!("{} pooled {}", self.studies.method.title(), self.effect);
        for group in self.groups {
            if self.by.is_some() {
                s.print(format!("{:<21}|", format::abbrev(&group.name, 20)));
            }
            for &i in &group.at {
                let half = self.z.0 * self.studies.se[i];
                s.print(self.line(&self.studies.labels[i], self.studies.y[i], half, self.shares[i]));
            }
            if self.by.is_some() {
                if self.with_groups {
                    let share = group.at.iter().map(|i| self.shares[*i]).sum();
                    s.print(format!("{:<21}|", " Sub-total"));
                    s.print(self.line(&pooled, group.pool.y, self.z.1 * group.pool.se, share));
                }
                s.print(Self::rule());
            }
        }
        if self.with_overall {
            let name = if self.by.is_some() { " Overall" } else { "" };
            if self.by.is_some() {
                s.print(format!("{name:<21}|"));
            } else {
                s.print(Self::rule());
            }
            s.print(self.line(&pooled, self.overall.y, self.z.1 * self.overall.se, 100.0));
            s.print(Self::rule());
        }
    }

    /// Prints heterogeneity and tests.
    pub(super) fn tests(&self, s: &mut Session) {
        if self.by.is_some() {
            self.group_tests(s);
        } else if self.with_overall {
            self.overall_tests(s);
        }
    }

    fn overall_tests(&self, s: &mut Session) {
        let pool = self.overall;
        let number = |f: &str, x: f64| format::bare(f, stata(x));
        s.print("");
        s.print(format!(
            "  Heterogeneity chi-squared = {:>6} (d.f. = {}) p = {}",
            number("%6.2f", pool.q),
            pool.df,
            number("%5.3f", pool.p_q())
        ));
        s.print(format!(
            "  I-squared (variation in {} attributable to heterogeneity) = {:>5}%",
            self.effect,
            number("%6.1f", pool.i2())
        ));
        if self.studies.method.is_random() {
            s.print(format!(
                "  Estimate of between-study variance Tau-squared = {:>7}",
                number("%7.4f", pool.tau2)
            ));
        }
        let (z, p) = pool.test();
        let null = u8::from(self.studies.log_scale);
        s.print("");
        s.print(format!(
            "  Test of {}={null} : z= {:>6} p = {}",
            self.effect,
            number("%6.2f", z.abs()),
            number("%5.3f", p)
        ));
    }

    fn group_tests(&self, s: &mut Session) {
        let number = |f: &str, x: f64| format::bare(f, stata(x));
        s.print("");
        s.print("Test(s) of heterogeneity:");
        s.print(format!("{:>34}{:>9}{:>9}{:>13}{:>14}", "Heterogeneity", "degrees", "", "", "").trim_end());
        let tau = if self.studies.method.is_random() { "Tau-squared" } else { "" };
        s.print(
            format!("{:>34}{:>9}{:>9}{:>13}{:>14}", "statistic", "freedom", "P", "I-squared", tau).trim_end(),
        );
        s.print("");
        let groups = self.groups.iter().map(|g| (g.name.as_str(), &g.pool));
        let overall = self.with_overall.then_some(("Overall", self.overall));
        for (name, pool) in groups.clone().chain(overall) {
            let tau =
                if self.studies.method.is_random() { number("%9.4f", pool.tau2) } else { String::new() };
            s.print(format!(
                "{:<21}{:>13}{:>9}{:>9}{:>12}%{tau:>14}",
                format::abbrev(name, 20),
                number("%9.2f", pool.q),
                pool.df,
                number("%6.3f", pool.p_q()),
                number("%6.1f", pool.i2())
            ));
        }
        if self.studies.method == Method::Inverse && self.with_overall {
            let (q, df) = between(&self.groups.iter().map(|g| &g.pool).collect::<Vec<_>>());
            s.print(format!(
                "Test for heterogeneity between sub-groups: {} {df} {}",
                number("%9.2f", q),
                number("%6.3f", if df > 0.0 { chi2_tail(df, q) } else { f64::NAN })
            ));
        }
        s.print("");
        let null = u8::from(self.studies.log_scale);
        s.print(format!("Significance test(s) of {}={null}", self.effect));
        s.print("");
        for (name, pool) in groups.chain(overall) {
            let (z, p) = pool.test();
            s.print(format!(
                "{:<21}z= {:>6} p = {}",
                format::abbrev(name, 20),
                number("%6.2f", z.abs()),
                number("%5.3f", p)
            ));
        }
    }
}
