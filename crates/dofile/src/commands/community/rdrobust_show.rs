//! Output of `rdrobust`, in the layout of its authors.

use crate::error::Result;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::normal_two_sided;

/// One estimate: its value and standard error, unless `hidden`, with the limits `ci_l_kind` and `ci_r_kind`.
fn line(session: &Session, label: &str, kind: &str, (value, se): (f64, f64), hidden: bool) -> String {
    let scalar = |name: String| session.e.results.get_scalar(&name).unwrap_or(MISSING);
    let number = |x: f64| if hidden { "-".to_string() } else { format::bare("%7.0g", x) };
    format!(
        "{label:>18} |{:>9} {:>10}  {:>7}   {:>5}  {:>9}    {:>9}",
        number(value),
        number(se),
        format::bare("%6.4f", value / se),
        format::bare("%5.3f", normal_two_sided(value / se)),
        format::bare("%8.0g", scalar(format!("ci_l_{kind}"))),
        format::bare("%8.0g", scalar(format!("ci_r_{kind}")))
    )
}

/// Prints the header and the table of the active results.
pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let whole = |name: &str| format::bare("%9.0f", scalar(name));
    let width = |name: &str| format::bare("%9.3f", scalar(name));
    let ratio =
        |side: &str| format::bare("%9.3f", scalar(&format!("h_{side}")) / scalar(&format!("b_{side}")));
    let row = |label: &str, left: String, right: String| format!("{label:>18} |{left:>10}  {right:>10}");
    let facts = [
        format!("Number of obs = {:>10}", whole("N")),
        format!("BW type       = {:>10}", text("bwselect")),
        format!("Kernel        = {:>10}", text("kernel")),
        format!("VCE method    = {:>10}", text("vce_select")),
    ];
    let head = format!(
        "{:>18} |{:>10}  {:>10}",
        format!("Cutoff c = {}", format::bare("%9.0g", scalar("c"))),
        "Left of c",
        "Right of c"
    );
    let mut lines = vec![
        format!("{head:<50}{}", facts[0]),
        format!("{:<50}{}", format!("{}+{}", "-".repeat(19), "-".repeat(23)), facts[1]),
        format!("{:<50}{}", row("Number of obs", whole("N_l"), whole("N_r")), facts[2]),
        format!("{:<50}{}", row("Eff. Number of obs", whole("N_h_l"), whole("N_h_r")), facts[3]),
        row("Order est. (p)", whole("p"), whole("p")),
        row("Order bias (q)", whole("q"), whole("q")),
        row("BW est. (h)", width("h_l"), width("h_r")),
        row("BW bias (b)", width("b_l"), width("b_r")),
        row("rho (h/b)", ratio("l"), ratio("r")),
        String::new(),
    ];
    let head = [
        "-".repeat(80),
        format!(
            "{:>18} |   Coef.    Std. Err.    z     P>|z|    [{}% Conf. Interval]",
            "Method",
            format::bare("%5.0g", scalar("level"))
        ),
        format!("{}+{}", "-".repeat(19), "-".repeat(60)),
    ];
    let treatment = text("fuzzy");
    if !treatment.is_empty() {
        let (cl, bc) = (scalar("tau_T_cl"), scalar("tau_T_bc"));
        lines.push(format!(
            "First-stage estimates. Outcome: {treatment}. Running variable: {}.",
            text("runningvar")
        ));
        lines.extend(head.clone());
        lines.push(line(session, "Conventional", "T_cl", (cl, scalar("se_tau_T_cl")), false));
        lines.push(line(session, "Robust", "T_rb", (bc, scalar("se_tau_T_rb")), !cmd.has("all")));
        lines.extend(["-".repeat(80), String::new()]);
    }
    lines.push(match treatment.as_str() {
        "" => format!("Outcome: {}. Running variable: {}.", text("depvar"), text("runningvar")),
        treatment => format!(
            "Treatment effect estimates. Outcome: {}. Running variable: {}. Treatment status: {treatment}.",
            text("depvar"),
            text("runningvar")
        ),
    });
    lines.extend(head);
    let (cl, bc) = (scalar("tau_cl"), scalar("tau_bc"));
    let (se_cl, se_rb) = (scalar("se_tau_cl"), scalar("se_tau_rb"));
    lines.push(line(session, "Conventional", "cl", (cl, se_cl), false));
    if cmd.has("all") {
        lines.push(line(session, "Bias-corrected", "bc", (bc, se_cl), false));
    }
    lines.push(line(session, "Robust", "rb", (bc, se_rb), !cmd.has("all")));
    lines.push("-".repeat(80));
    session.print("");
    let kind = if treatment.is_empty() { "Sharp" } else { "Fuzzy" };
    session.print(format!("{kind} RD estimates using local polynomial regression."));
    session.print("");
    lines.into_iter().for_each(|l| session.print(l));
    Ok(())
}
