//! Output of the tests of means and spreads, `ttest`, `ztest` and `sdtest` with their immediate forms: the table of
//! groups, the claim with its statistic, and the three alternatives ([R] ttest, [R] ztest, [R] sdtest).

use crate::format;
use crate::session::Session;
use crate::value::clean;
use estimators::distributions::t_inverse_tail;
use estimators::means::Moments;

/// One line of the table of groups.
pub(super) struct Line {
    /// Name of the group or variable.
    name: String,
    /// Size, mean, standard error, standard deviation; a size or deviation that is no number stays empty.
    cells: [f64; 4],
    /// Half of the interval's width.
    half: f64,
}

impl Line {
    /// A sample, with the interval of Student's t.
    pub(super) fn sample(name: impl Into<String>, m: &Moments, level: f64) -> Self {
        let half = t_inverse_tail(m.n - 1.0, 0.5 - level / 200.0) * m.se();
        Self { name: name.into(), cells: [m.n, m.mean, m.se(), m.sd], half }
    }

    /// A sample with a known standard error and half-width.
    pub(super) fn known(name: impl Into<String>, m: &Moments, se: f64, half: f64) -> Self {
        Self { name: name.into(), cells: [m.n, m.mean, se, m.sd], half }
    }

    /// A difference of two means.
    pub(super) fn difference(value: f64, se: f64, half: f64) -> Self {
        Self { name: "diff".to_string(), cells: [f64::NAN, value, se, f64::NAN], half }
    }

    fn text(&self) -> String {
        let [n, mean, se, sd] = self.cells;
        let cell = |x: f64| format::right(&format::bare("%9.0g", clean(x)), 12);
        let unless_empty = |x: f64, shown: String, width: usize| {
            if x.is_nan() && self.cells[0].is_nan() { " ".repeat(width) } else { shown }
        };
        let size = unless_empty(n, format::right(&format::bare("%9.0fc", n), 8), 8);
        let spread = unless_empty(sd, cell(sd), 12);
        format!(
            "{:>8} |{size}{}{}{spread}{}{}",
            format::abbrev(&self.name, 8),
            cell(mean),
            cell(se),
            cell(mean - self.half),
            cell(mean + self.half)
        )
    }
}

/// Prints the table: blocks of lines, each below a rule. `first` heads the names: "Group", "Variable" or nothing.
pub(super) fn table(session: &mut Session, first: &str, level: f64, blocks: &[&[Line]]) {
    session.print("-".repeat(78));
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    session.print(format!("{first:>8} |     Obs        Mean    Std. err.   Std. dev.{interval:>23}"));
    for block in blocks {
        session.print(format!("---------+{}", "-".repeat(68)));
        block.iter().for_each(|line| session.print(line.text()));
    }
    session.print("-".repeat(78));
}

/// What is tested and with which statistic.
pub(super) struct Claim<'a> {
    /// What the statistic is of: `diff = mean(x) - mean(y)`.
    pub(super) meaning: String,
    /// Its null hypothesis: name and value.
    pub(super) null: (&'a str, String),
    /// The statistic's name and value.
    pub(super) statistic: (&'a str, f64),
    /// What the right-hand end of the line of the null hypothesis says.
    pub(super) freedom: String,
    /// Texts of the three probabilities, without their values.
    pub(super) events: [&'a str; 3],
    /// Probabilities below, on both sides, above.
    pub(super) p: [f64; 3],
    /// Columns by which the first probability is moved to the right.
    pub(super) shift: usize,
}

impl Claim<'_> {
    /// Prints the claim, the null hypothesis and the alternatives with their probabilities.
    pub(super) fn show(&self, session: &mut Session) {
        let left = format!("    {}", self.meaning);
        let (letter, value) = self.statistic;
        let right = format!("{letter} ={}", format::right(&format::bare("%8.4f", clean(value)), 9));
        session.print(between(&left, &right));
        let (name, target) = &self.null;
        session.print(between(&format!("H0: {name} = {target}"), &self.freedom));
        session.print("");
        session.print(centred(["<", "!=", ">"].map(|sign| format!("Ha: {name} {sign} {target}")), 0));
        let p = |i: usize| format!("{} = {}", self.events[i], format::bare("%6.4f", clean(self.p[i])));
        session.print(centred([p(0), p(1), p(2)], self.shift));
    }
}

/// Two texts at the ends of a line of 78 columns.
fn between(left: &str, right: &str) -> String {
    let room = 78usize.saturating_sub(left.chars().count());
    format!("{left}{right:>room$}").trim_end().to_string()
}

/// Three texts around the columns 10, 39 and 69; the first one moved to the right.
fn centred(texts: [String; 3], shift: usize) -> String {
    let mut out = String::new();
    for (text, twice) in texts.iter().zip([21 + 2 * shift, 79, 139]) {
        let start = twice.saturating_sub(text.chars().count()) / 2;
        out.push_str(&" ".repeat(start.saturating_sub(out.chars().count())));
        out.push_str(text);
    }
    out
}
