//! `imb`: the imbalance of covariates between two groups.

use super::imbalance::{self, Sample};
use super::request::{groups, rule, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("TReatment"), OptSpec::text("breaks"), OptSpec::flag("USEweights")])
        .unsupported(&["miname", "misets", "impvar"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "imb",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "imb varlist [if] [in], treatment(varname) [breaks(scott|sturges) useweights]",
    notes: "L1 distance of the multivariate histograms of two groups, and for each covariate its own distance, the difference of means (weighted by cem_weights with useweights), of the extremes and of the quartiles; the higher value of treatment() is the treated group; breaks() is r(L1_breaks) if it is there, else scott; stores r(L1), r(imbal), r(L1_breaks); breaks(fd) and breaks(ss) are refused; Iacus, King and Porro (2011), JASA 106: 345-361",
    examples: &[Example {
        // Cutpoints 1, 3, 5, 7: no interval holds both groups, the distance is 1; the group means are 2 and 6.
        run: "set obs 6\ngenerate t = _n > 3\ngenerate x = cond(t, _n + 1, _n)\nimb x, treatment(t) breaks(sturges)\nmatrix m = r(imbal)",
        expect: &[("r(L1)", 1.0), ("m[1,1]", 1.0), ("m[1,2]", 4.0), ("m[1,5]", 4.0), ("m[1,7]", 4.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let treatment =
        cmd.options.text("treatment").ok_or_else(|| StataError::invalid("option treatment() required"))?;
    let treatment = s.numeric_variable(treatment.trim())?;
    let mut touse = s.rows(cmd)?;
    let mut marked = variables.clone();
    marked.push(treatment);
    let weights = match cmd.has("useweights") {
        true => Some(s.numeric_variable("cem_weights")?),
        false => None,
    };
    marked.extend(weights);
    s.markout(&marked, &mut touse, false)?;
    // units outside of matched strata have no weight, and do not enter the intervals
    let weight = |s: &Session, r: usize| weights.map_or(1.0, |w| s.frame.num_at(w, r));
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r] && weight(s, *r) > 0.0).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (treated, _) = groups(s, treatment, &rows)?;
    let kept = s.r.get_text("L1_breaks").map(str::to_string);
    let breaks = match (cmd.options.text("breaks"), &kept) {
        (Some(text), _) => text.trim().to_string(),
        (None, Some(kept)) => {
            s.print(format!("(using the {kept} break method for L1 distance)"));
            kept.clone()
        }
        (None, None) => "scott".to_string(),
    };
    let cutpoints = rule("imb", "breaks", &breaks)?;
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let columns: Vec<Vec<f64>> = variables.iter().map(|v| values(s, *v, &rows)).collect();
    let weights: Vec<f64> = rows.iter().map(|r| weight(s, *r)).collect();
    let sample = Sample { names: &names, columns: &columns, treated: &treated, weights: &weights };
    let mut r = Results::default();
    imbalance::store(&mut r, &sample, &cutpoints)?;
    r.text("L1_breaks", breaks);
    s.r = r;
    imbalance::show(s)
}
