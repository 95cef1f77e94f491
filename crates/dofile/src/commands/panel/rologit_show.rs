//! Output and `predict` of the rank-ordered logit.

use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::label;
use crate::estimation::linear::Parameters;
use crate::estimation::model::number_groups;
use crate::format;
use crate::ops::predict::{Prediction, add, chosen, design, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// Prints the header of the active results.
pub(super) fn header(s: &mut Session) {
    let e = &s.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let choice = e.get_text("caseid").is_some();
    let scalar = |group: &str, case: &str| e.get_scalar(if choice { case } else { group }).unwrap_or(MISSING);
    let (unit, of, size) = if choice {
        (format!("Case ID variable: {}", text("caseid")), "Number of cases", "Alts per case:")
    } else {
        (format!("Group variable: {}", text("group")), "Number of groups", "Obs per group:")
    };
    let ties = match text("ties").as_str() {
        "none" => "No ties in data".to_string(),
        "breslow" => "Ties handled via the Breslow method".to_string(),
        "efron" => "Ties handled via the Efron method".to_string(),
        other => format!("Ties handled via the {other} method"),
    };
    let line =
        |name: &str, value: f64, fmt: &str| format!("{name:>65} = {:>10}", format::bare(fmt, value).trim());
    let sizes = [
        format!("{ties:<48}{size}"),
        line("min", scalar("g_min", "alt_min"), "%10.0fc"),
        line("avg", scalar("g_avg", "alt_avg"), "%10.2fc"),
        line("max", scalar("g_max", "alt_max"), "%10.0fc"),
    ];
    let first = [Fact::observations(scalar("N", "N")), Fact::new(of, "%10.0fc", scalar("N_g", "N_case"))];
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let test = [
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m", "df_m")], scalar("chi2", "chi2")),
        Fact::probability("Prob > chi2", scalar("p", "p")),
    ];
    let ll = format!(
        "{} = {}",
        label(e.get_text("vcetype").is_some()),
        format::bare("%10.0g", scalar("ll", "ll"))
    );
    let title = text("title");
    s.print("");
    show_header(s, &[title, unit], &first, 17, 10);
    s.print("");
    sizes.iter().for_each(|l| s.print(l));
    s.print("");
    show_header(s, &[String::new(), ll], &test, 17, 10);
    s.print("");
}

/// `predict` after the rank-ordered logit.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("pr"), OptSpec::flag("xb"), OptSpec::flag("stdp")])
        .unsupported(&["noOFFset"]);

/// `predict newvar [, pr xb stdp]`: the probability that an alternative is ranked first in its group, or the linear index.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let statistic = chosen(cmd)?.map(str::to_string);
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let text = |n: &str| s.e.results.get_text(n).map(str::to_string);
    let group = text("group").or(text("caseid")).unwrap_or_default();
    let unit = s.frame.position(&group)?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    let parameters = Parameters::of(&s.e)?;
    let positions: Vec<usize> = (0..parameters.b.len()).collect();
    let columns = design(&s.frame, &parameters, &positions, &rows)?;
    let at = |i: usize| columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
    let by_row = |f: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
        (0..rows.len())
            .map(at)
            .map(|x| if x.iter().any(|v| is_missing(*v)) { MISSING } else { f(&x) })
            .collect()
    };
    let xb = by_row(&|x| x.iter().zip(&parameters.b).map(|(x, b)| x * b).sum());
    let (values, label) = match statistic.as_deref() {
        Some("xb") => (xb, "Linear prediction".to_string()),
        Some("stdp") => {
            let values = by_row(&|x| parameters.v.quadratic(x).max(0.0).sqrt());
            (values, "S.E. of the prediction".to_string())
        }
        _ => {
            if statistic.is_none() {
                s.print("(option pr assumed; conditional probability that alternative is ranked first)");
            }
            let (of, count) = number_groups(&s.frame, unit, &rows);
            let known = |x: f64| !is_missing(x);
            let mut top = vec![f64::NEG_INFINITY; count];
            xb.iter().zip(&of).filter(|(x, _)| known(**x)).for_each(|(x, g)| {
                top[*g as usize] = top[*g as usize].max(*x);
            });
            let share = |x: f64, g: u32| (x - top[g as usize]).exp();
            let mut sum = vec![0.0; count];
            xb.iter()
                .zip(&of)
                .filter(|(x, _)| known(**x))
                .for_each(|(x, g)| sum[*g as usize] += share(*x, *g));
            let values = xb
                .iter()
                .zip(&of)
                .map(|(x, g)| if known(*x) { share(*x, *g) / sum[*g as usize] } else { MISSING })
                .collect();
            (values, "Pr(alternative ranked first)".to_string())
        }
    };
    add(s, name, kind, &rows, Prediction { values, label })
}
