//! Output of `mixed`: the tables of fixed effects and variances ([ME] mixed).

use super::mixed_header as header;
use super::mixed_residuals::residual_lines;
use super::mixed_small;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters as Stored;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::wald;

/// A line of the table of variances: name, estimate, standard error, limits.
pub(super) type Line = (String, [f64; 4]);

/// A block of random effects: several of them may belong to a level.
pub(super) struct StoredBlock {
    pub(super) group: String,
    /// Names of its effects.
    pub(super) names: Vec<String>,
    /// Numbers of its level and of the block in the level, as in names of equations.
    pub(super) number: (usize, usize),
}

impl StoredBlock {
    /// Equation of the log of the standard deviation of effect `i`, counted from one.
    pub(super) fn deviation(&self, i: usize) -> String {
        format!("lns{}_{}_{i}", self.number.0, self.number.1)
    }

    /// Equation of the inverse hyperbolic tangent of the correlation of two effects, counted from one.
    pub(super) fn correlation(&self, i: usize, j: usize) -> String {
        format!("atr{}_{}_{i}_{j}", self.number.0, self.number.1)
    }
}

/// The blocks of random effects, those of the highest level first.
pub(super) fn blocks(session: &Session) -> Vec<StoredBlock> {
    let words = |name: &str| {
        let text = session.e.results.get_text(name).unwrap_or("");
        text.split_whitespace().map(String::from)
    };
    let mut names = words("revars");
    let mut out: Vec<StoredBlock> = Vec::new();
    for (group, size) in words("ivars").zip(words("redim")) {
        let number = match out.last() {
            None => (1, 1),
            Some(last) if last.group == group => (last.number.0, last.number.1 + 1),
            Some(last) => (last.number.0 + 1, 1),
        };
        let names = names.by_ref().take(size.parse().unwrap_or(0)).collect();
        out.push(StoredBlock { group, names, number });
    }
    out
}

/// Whether effects of a factor are among those of the active results.
pub(super) fn crossed(session: &Session) -> bool {
    session.e.results.get_text("revars").is_some_and(|names| names.split(' ').any(|n| n.starts_with("R.")))
}

/// The lines of each level, and that of the residual.
fn variance_lines(session: &Session, cmd: &ParsedCommand) -> Result<(Vec<Vec<Line>>, Vec<Line>)> {
    let stored = Stored::of(&session.e)?;
    let level = crate::estimation::display::level(session, cmd)?;
    let critical = wald::critical(level, None);
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    // The older command shows standard deviations unless it is told otherwise ([XT] xtmixed of release 12).
    let older = session.e.results.get_text("cmdline").is_some_and(|line| line.starts_with("xtmixed"));
    let deviations = cmd.has("stddeviations") || (older && !cmd.has("variance"));
    let power = if deviations { 1.0 } else { 2.0 };
    let word = if deviations { "sd" } else { "var" };
    let one = |name: String, position: usize| -> Line {
        let (l, se) = (stored.b[position], stored.v[(position, position)].sqrt());
        let value = (power * l).exp();
        // Limits on the log scale.
        let limits = if se > 0.0 {
            [(power * (l - critical * se)).exp(), (power * (l + critical * se)).exp()]
        } else {
            [MISSING, MISSING]
        };
        (name, [value, if se > 0.0 { power * value * se } else { MISSING }, limits[0], limits[1]])
    };
    let mut levels = Vec::new();
    for block in blocks(session) {
        let own = &block.names;
        let mut lines: Vec<Line> = Vec::new();
        for (i, name) in own.iter().enumerate() {
            if let Some(position) = at(&block.deviation(i + 1)) {
                lines.push(one(format!("{word}({name})"), position));
            }
        }
        for i in 1..=own.len() {
            for j in i + 1..=own.len() {
                let Some(position) = at(&block.correlation(i, j)) else { continue };
                let part = |k: usize| at(&block.deviation(k)).unwrap_or(0);
                let row = covariance_row(&stored, [part(i), part(j), position], critical, deviations);
                let word = if deviations { "corr" } else { "cov" };
                lines.push((format!("{word}({},{})", own[i - 1], own[j - 1]), row));
            }
        }
        levels.push(lines);
    }
    if structured(session) {
        return Ok((levels, residual_lines(session, &stored, critical, deviations)));
    }
    let residual = at("lnsig_e").map(|position| one(format!("{word}(Residual)"), position));
    Ok((levels, residual.into_iter().collect()))
}

/// A correlation or covariance from the positions of both logs of deviations and of the arc tangent.
fn covariance_row(stored: &Stored, places: [usize; 3], critical: f64, correlation: bool) -> [f64; 4] {
    let [pi, pj, position] = places;
    let (a, se) = (stored.b[position], stored.v[(position, position)].sqrt());
    let r = a.tanh();
    if correlation {
        return [r, (1.0 - r * r) * se, (a - critical * se).tanh(), (a + critical * se).tanh()];
    }
    let scale = (stored.b[pi] + stored.b[pj]).exp();
    let value = r * scale;
    let gradient = [(pi, value), (pj, value), (position, scale * (1.0 - r * r))];
    let variance: f64 = gradient
        .iter()
        .map(|(k, g)| gradient.iter().map(|(l, h)| g * h * stored.v[(*k, *l)]).sum::<f64>())
        .sum();
    let se = variance.sqrt();
    [value, se, value - critical * se, value + critical * se]
}

pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("noheader") {
        header::print(session, !cmd.has("nogroup"));
    }
    fixed_table(session, cmd)?;
    let text = |s: &Session, n: &str| s.e.results.get_text(n).unwrap_or("").to_string();
    let (levels, residual) = variance_lines(session, cmd)?;
    let level = crate::estimation::display::level(session, cmd)?;
    let rule = format!("-----------------------------+{}", "-".repeat(48));
    session.print("");
    session.print("-".repeat(78));
    if !text(session, "vcetype").is_empty() {
        session.print(format!("{:29}|               Robust", ""));
    }
    session.print(format!(
        "  Random-effects parameters  |   Estimate   Std. err.     [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    session.print(&rule);
    let (groups, forms) = (text(session, "ivars"), text(session, "vartypes"));
    for ((group, form), lines) in groups.split(' ').zip(forms.split(' ')).zip(&levels) {
        if form == "(empty)" {
            let group = format!("{}:", format::abbrev(group, 12));
            session.print(format!("{group:<21}{form} |"));
        } else {
            session.print(format!("{:<29}|", format!("{}: {form}", format::abbrev(group, 12))));
        }
        lines.iter().for_each(|line| print_line(session, line));
        session.print(&rule);
    }
    if structured(session) {
        let by = text(session, "rbyvar");
        let comma = if by.is_empty() { "" } else { "," };
        session.print(format!("{:<29}|", format!("Residual: {}{comma}", text(session, "rstructlab"))));
        if !by.is_empty() {
            session.print(format!("{:<29}|", format!("    by {}", format::abbrev(&by, 12))));
        }
    }
    residual.iter().for_each(|line| print_line(session, line));
    session.print("-".repeat(78));
    print_test(session);
    Ok(())
}

/// The test against the model without random effects and structure, where there is one.
fn print_test(session: &mut Session) {
    let text = |s: &Session, n: &str| s.e.results.get_text(n).unwrap_or("").to_string();
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    if session.e.results.get_scalar("chi2_c").is_none() {
        return;
    }
    let df = scalar(session, "df_c");
    let (kind, tail) = if df == 1.0 && !structured(session) {
        ("chibar2(01)".to_string(), "Prob >= chibar2")
    } else {
        (format!("chi2({df})"), "Prob > chi2")
    };
    let left = format!(
        "LR test vs. linear model: {kind} = {}",
        format::bare("%8.2f", scalar(session, "chi2_c")).trim_start()
    );
    let right = format!("{tail} = {}", format::bare("%6.4f", scalar(session, "p_c")));
    session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    if text(session, "vartypes").split(' ').all(|form| form == "(empty)") {
        session.print("");
        session.print("Note: The reported degrees of freedom assumes the null hypothesis is not on the");
        session.print("      boundary of the parameter space.  If this is not true, then the reported test");
        session.print("      is conservative.");
    } else if df > 1.0 {
        session.print("\nNote: LR test is conservative and provided only for reference.");
    }
}

fn print_line(session: &mut Session, (name, row): &Line) {
    let [value, se, low, high] = row.map(|v| format::number("%9.0g", v));
    session.print(format!("{name:>28} |  {value}  {se}     {low}   {high}"));
}

/// The coefficient table: fixed effects are printed, `r(table)` holds all parameters.
fn fixed_table(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (b, v) = (session.e.b().cloned(), session.e.v().cloned());
    let (Some(b), Some(v)) = (b, v) else {
        return Err(StataError::no_estimates());
    };
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let (vcetype, clustvar) = (text("vcetype"), text("clustvar"));
    let clusters = session.e.results.get_scalar("N_clust");
    let fixed = b.col_names.iter().filter(|s| s.eq == depvar).count();
    let level = crate::estimation::display::level(session, cmd)?;
    let mut se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let degrees = mixed_small::stored(session);
    if let (Some(_), Some(v)) = (&degrees, session.e.results.matrices.get("V_df")) {
        (0..v.cols()).for_each(|i| se[i] = v.get(i, i).sqrt());
    }
    let table = |count: usize| crate::estimation::table::Table {
        title: &depvar,
        heading: "Coefficient",
        vce_title: &vcetype,
        stripe: &b.col_names[..count],
        b: &b.values()[..count],
        se: &se[..count],
        // the degrees of each effect are those of its row
        df_r: degrees.is_some().then_some(1.0),
        level,
        eform: false,
        ancillary_from: None,
        deviations: false,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: false,
        beta: None,
    };
    session.settings.table.degrees.clone_from(&degrees);
    table(fixed).print(session);
    session.r.clear();
    table(b.cols()).store(session);
    session.settings.table.degrees = None;
    Ok(())
}

/// Whether the active results have residuals with a structure of their own.
fn structured(session: &Session) -> bool {
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("");
    !matches!(text("rstructure"), "" | "independent") || !text("rbyvar").is_empty()
}

/// r(199) after `mixed` with two levels of random effects, or with structured residuals.
pub(super) fn one_level(session: &Session) -> Result<()> {
    if session.e.results.get_text("ivars").is_some_and(|g| g.contains(' ')) {
        return Err(StataError::unsupported_option("mixed", "this estat after two levels"));
    }
    plain_residuals(session)
}

/// r(199) after `mixed` with structured residuals.
pub(super) fn plain_residuals(session: &Session) -> Result<()> {
    if structured(session) {
        return Err(StataError::unsupported_option("mixed", "estat and predictions after residuals()"));
    }
    Ok(())
}
