//! Output of `rddensity` and `rdbwdensity`, in the layout of their authors.

use crate::format;
use crate::session::Session;
use crate::value::MISSING;

fn head(cutoff: f64) -> String {
    format!(
        "{:>18} | {:>9}  {:>10}",
        format!("c = {}", format::bare("%9.3f", cutoff)),
        "Left of c",
        "Right of c"
    )
}

/// Prints the header and the test of the active results.
pub(super) fn display(session: &mut Session) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let whole = |name: &str| format::bare("%9.0f", scalar(name));
    let row = |label: &str, left: String, right: String| format!("{label:>18} | {left:>9}  {right:>10}");
    let fact = |left: String, label: &str, value: String| format!("{left:<50}{label:<13} = {value:>12}");
    let width = |name: &str| format::bare("%9.3f", scalar(name));
    let mut lines = vec![
        String::new(),
        "RD manipulation test using local polynomial density estimation.".to_string(),
        String::new(),
        fact(head(scalar("c")), "Number of obs", whole("N")),
        fact(format!("{}+{}", "-".repeat(19), "-".repeat(22)), "Model", text("fitmethod")),
        fact(row("Number of obs", whole("N_l"), whole("N_r")), "BW method", text("bwmethod")),
        fact(row("Eff. Number of obs", whole("N_h_l"), whole("N_h_r")), "Kernel", text("kernel")),
        fact(row("Order est. (p)", whole("p"), whole("p")), "VCE method", text("vce")),
        row("Order bias (q)", whole("q"), whole("q")),
        row("BW est. (h)", width("h_l"), width("h_r")),
        String::new(),
        format!("Running variable: {}.", text("runningvar")),
        "-".repeat(42),
        format!("{:>18} | {:>9}  {:>10}", "Method", "T    ", "P>|T|"),
        format!("{}+{}", "-".repeat(19), "-".repeat(22)),
    ];
    for (label, kind) in [("Conventional", "p"), ("Robust", "q")] {
        if e.get_scalar(&format!("T_{kind}")).is_some() {
            let number = |name: String| format::bare("%9.4f", scalar(&name));
            lines.push(row(label, number(format!("T_{kind}")), number(format!("pv_{kind}"))));
        }
    }
    lines.push("-".repeat(42));
    lines.into_iter().for_each(|l| session.print(l));
}

/// Prints the bandwidths of the active results.
pub(super) fn display_bandwidths(session: &mut Session) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let whole = |name: &str| format::bare("%9.0f", scalar(name));
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let mut lines = vec![
        String::new(),
        "Bandwidth selection for manipulation testing.".to_string(),
        String::new(),
        head(scalar("c")),
        format!("{}+{}", "-".repeat(19), "-".repeat(22)),
        format!("{:>18} | {:>9}  {:>10}", "Number of obs", whole("N_l"), whole("N_r")),
        String::new(),
        format!("Running variable: {}.", text("runningvar")),
        "-".repeat(54),
        format!("{:>18} | {:>10} {:>10} {:>10}", "Target", "Bandwidth", "Variance", "Bias^2"),
        format!("{}+{}", "-".repeat(19), "-".repeat(34)),
    ];
    if let Some(h) = e.matrices.get("h") {
        let names = ["left density", "right density", "difference", "sum"];
        for (i, name) in names.into_iter().enumerate() {
            let cell = |j: usize| format::bare("%9.4g", h.get(i, j));
            lines.push(format!("{:>18} | {:>10} {:>10} {:>10}", name, cell(0), cell(1), cell(2)));
        }
    }
    lines.push("-".repeat(54));
    lines.into_iter().for_each(|l| session.print(l));
}
