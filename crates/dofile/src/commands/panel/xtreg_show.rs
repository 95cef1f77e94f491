//! The heading of `xtreg`: sizes, fit and test, and the shares of the unit means.

use crate::error::Result;
use crate::estimation::display::show_active;
use crate::estimation::header::{Fact, show};
use crate::format;
use crate::session::Session;
use crate::value::MISSING;

/// Prints what `theta` asks for: the one share of the unit means, or the distribution of several ([XT] xtreg).
pub(super) fn show_theta(session: &mut Session) {
    let e = &session.e.results;
    let distribution = ["min", "5", "50", "95", "max"].map(|name| e.get_scalar(&format!("thta_{name}")));
    if let Some(theta) = e.get_scalar("theta") {
        session.print(format!("theta = {}", format::bare("%9.0g", theta)));
    } else if let [Some(min), Some(low), Some(middle), Some(high), Some(max)] = distribution {
        let [min, low, middle, high, max] = [min, low, middle, high, max].map(|x| format::bare("%6.4f", x));
        session.print(format!("{} theta {}", "-".repeat(19), "-".repeat(20)));
        session.print("  min      5%       median        95%      max");
        session.print(format!("{min}{low:>9}{middle:>11}{high:>11}{max:>9}"));
    }
    session.print("");
}

pub(super) fn header(session: &mut Session) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let model = e.get_text("model").unwrap_or("");
    let (test, note) = match model {
        "re" => (
            [
                Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
                Fact::probability("Prob > chi2", scalar("p")),
            ],
            "corr(u_i, X) = 0 (assumed)".to_string(),
        ),
        _ => (
            [
                Fact::statistic(
                    "F",
                    &[scalar(if model == "fe" { "df_b" } else { "df_m" }), scalar("df_r")],
                    scalar("F"),
                ),
                Fact::probability("Prob > F", scalar("p")),
            ],
            match model {
                "fe" => format!("corr(u_i, Xb) = {}", format::bare("%6.4f", scalar("corr"))),
                _ => format!("sd(u_i + avg(e_i.)) = {}", format::bare("%9.0g", scalar("rmse"))),
            },
        ),
    };
    heading(session, &test, note);
}

/// The sizes of a panel regression, its R-squared where it has them, a test and what is said of the unit effects.
pub(super) fn heading(session: &mut Session, test: &[Fact], note: String) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let fitted = e.get_scalar("r2_w").is_some();
    // Instruments may explain less than the mean does.
    let r2 = |label: &str, name: &str| {
        let value = if scalar(name) < 0.0 { MISSING } else { scalar(name) };
        if fitted { format!("     {label} = {}", format::number("%6.4f", value)) } else { String::new() }
    };
    let title = e.get_text("title").unwrap_or("").to_string();
    let lines = [r2("Within ", "r2_w"), r2("Between", "r2_b"), r2("Overall", "r2_o")];
    let under = if fitted { "R-squared:" } else { "" };
    panel_heading(
        session,
        &Heading { title, time: String::new(), under, lines, average: "%10.1fc" },
        test,
        [String::new(), note],
    );
    session.print("");
}

/// The left side of a panel's heading.
pub(super) struct Heading {
    pub title: String,
    /// The line under the group variable.
    pub time: String,
    /// What stands in the line of the sizes' label.
    pub under: &'static str,
    /// What stands in the lines of the three sizes.
    pub lines: [String; 3],
    /// Format of the average size.
    pub average: &'static str,
}

/// The sizes of a panel, with notes next to the lines of a test below them.
pub(super) fn panel_heading(session: &mut Session, left: &Heading, test: &[Fact], notes: [String; 2]) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let group = format!("Group variable: {}", e.get_text("ivar").unwrap_or(""));
    let first = [Fact::observations(scalar("N")), Fact::new("Number of groups", "%10.0fc", scalar("N_g"))];
    let [min, avg, max] = &left.lines;
    let sizes = [
        format!("{:<48}Obs per group:", left.under),
        size_line(min, "min", scalar("g_min"), "%10.0fc"),
        size_line(avg, "avg", scalar("g_avg"), left.average),
        size_line(max, "max", scalar("g_max"), "%10.0fc"),
    ];
    session.print("");
    show(session, &[left.title.clone(), group], &first, 17, 10);
    session.print(&left.time);
    sizes.iter().for_each(|line| session.print(line));
    session.print("");
    show(session, &notes, test, 17, 10);
}

/// The table of coefficients; its last rule opens a block that follows.
pub(super) fn table(session: &mut Session, level: f64, followed: bool) -> Result<()> {
    let before = session.settings.table.clone();
    session.settings.table.open_end |= followed;
    session.settings.table.follows_width = true;
    let shown = show_active(session, level, None);
    session.settings.table = before;
    shown
}

/// The block of variance components under a table, whose last rule opens it.
pub(super) fn components(session: &mut Session) {
    let e = &session.e.results;
    let number = |name: &str| format::number("%10.0g", e.get_scalar(name).unwrap_or(MISSING));
    let names = session.settings.names_width;
    let lines = [
        format!("{:>names$} | {}", "sigma_u", number("sigma_u")),
        format!("{:>names$} | {}", "sigma_e", number("sigma_e")),
        format!("{:>names$} | {}   (fraction of variance due to u_i)", "rho", number("rho")),
    ];
    lines.iter().for_each(|line| session.print(line));
    session.print("-".repeat(names + 66));
}

/// The line of the test that all unit effects are zero; its degrees of freedom, its statistic and its tail.
pub(super) fn effects_line(session: &mut Session, (df1, df2): (f64, f64), (f, p): (f64, f64)) {
    let df = |x: f64| format::bare("%9.0g", x);
    let left = format!("F test that all u_i=0: F({}, {}) = {}", df(df1), df(df2), format::bare("%9.2f", f));
    let right = format!("Prob > F = {}", format::bare("%6.4f", p));
    session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
}

fn size_line(left: &str, label: &str, value: f64, fmt: &str) -> String {
    format!("{left:<62}{label} = {:>10}", format::bare(fmt, value))
}
