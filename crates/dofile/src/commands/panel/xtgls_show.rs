//! What `xtgls` and `xtpcse` print.

use crate::error::Result;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Look};
use crate::format::bare;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Prints the active results.
pub(super) fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let e = &session.e.results;
    let title = e.get_text("title").unwrap_or("").to_owned();
    let header = if e.get_text("cmd") == Some("xtgls") { gls_header(e) } else { pcse_header(e) };
    let rhos = e.matrices.get("rhomat").map(|rho| rho.values().to_vec());
    session.print("");
    session.print(title);
    session.print("");
    header.above.into_iter().for_each(|line| session.print(line));
    show(session, &header.left, &header.facts, header.label, header.width);
    session.print("");
    ml_command::table(session, cmd, &Look::default())?;
    if let Some(rhos) = rhos {
        let shown: Vec<String> = rhos.iter().map(|rho| bare("%9.0g", *rho).trim().to_owned()).collect();
        let is_common = shown.iter().all(|rho| *rho == shown[0]);
        session.print(if is_common {
            format!("rho = {}", shown[0])
        } else {
            format!("rhos = {}", shown.join("  "))
        });
    }
    Ok(())
}

/// What is printed above the coefficients, in the layouts of [XT] xtgls and [XT] xtpcse.
struct Header {
    above: Vec<String>,
    left: Vec<String>,
    facts: Vec<Fact>,
    /// Characters of a label and of a value.
    label: usize,
    width: usize,
}

fn gls_header(e: &Results) -> Header {
    let text = |name: &str| e.get_text(name).unwrap_or("").to_owned();
    let across = match text("vt").as_str() {
        "correlated" => "heteroskedastic with cross-sectional correlation".to_owned(),
        other => other.to_owned(),
    };
    let within = match (text("corr").as_str(), e.get_scalar("rho")) {
        ("common AR(1)", Some(rho)) => {
            format!("common AR(1) coefficient for all panels  ({})", bare("%6.4f", rho))
        }
        (other, _) => other.to_owned(),
    };
    let above = vec![
        "Coefficients:  generalized least squares".to_owned(),
        format!("Panels:        {across}"),
        format!("Correlation:   {within}"),
        String::new(),
    ];
    let is_balanced = text("balance") == "balanced";
    let periods = Fact::new("Time periods", "%10.0fc", e.get_scalar("N_t").unwrap_or(MISSING));
    let sizes = if is_balanced { vec![periods] } else { sizes(e) };
    let facts = size_of_sample(e).into_iter().chain(sizes).chain(test(e)).collect();
    let (label, width) = if is_balanced { (17, 10) } else { (18, 9) };
    Header { above, left: estimated(e), facts, label, width }
}

fn pcse_header(e: &Results) -> Header {
    let text = |name: &str| e.get_text(name).unwrap_or("").to_owned();
    let left = [
        format!("Group variable:   {}", text("ivar")),
        format!("Time variable:    {}", text("tvar")),
        format!("Panels:           {} ({})", text("vt"), text("balance")),
        format!("Autocorrelation:  {}", text("corr")),
        String::new(),
    ];
    let fit = Fact::new("R-squared", "%6.4f", e.get_scalar("r2").unwrap_or(MISSING));
    let facts = size_of_sample(e).into_iter().chain(sizes(e)).chain([fit]).chain(test(e)).collect();
    let left = left.into_iter().chain(estimated(e)).collect();
    Header { above: Vec::new(), left, facts, label: 18, width: 9 }
}

/// How many numbers were estimated.
fn estimated(e: &Results) -> Vec<String> {
    [("covariances", "n_cv"), ("autocorrelations", "n_cr"), ("coefficients", "n_cf")]
        .map(|(label, name)| {
            let shown = bare("%9.0f", e.get_scalar(name).unwrap_or(MISSING));
            format!("Estimated {label:<16} = {shown:>9}")
        })
        .into()
}

fn size_of_sample(e: &Results) -> [Fact; 2] {
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    [Fact::observations(scalar("N")), Fact::new("Number of groups", "%10.0fc", scalar("N_g"))]
}

fn sizes(e: &Results) -> Vec<Fact> {
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    vec![
        Fact::new("Obs per group: min", "%9.0fc", scalar("g_min")),
        Fact::new("               avg", "%9.0g", scalar("g_avg")),
        Fact::new("               max", "%9.0fc", scalar("g_max")),
    ]
}

fn test(e: &Results) -> [Fact; 2] {
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let wald = Fact::statistic("Wald chi2", &[scalar("df")], scalar("chi2"));
    [wald, Fact::probability("Prob > chi2", scalar("p"))]
}
