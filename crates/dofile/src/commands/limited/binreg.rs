//! `binreg`: regression of a binomial outcome whose coefficients are odds ratios, risk ratios, health ratios or risk
//! differences: the model of `glm` with the link that belongs to them.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::glm::{Asked, Information, estimate};
use super::glm_show;
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Look, MlCommand};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::ml_glm::Family;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("or"),
    OptSpec::flag("rr"),
    OptSpec::flag("hr"),
    OptSpec::flag("rd"),
    OptSpec::flag("COEFficients"),
    OptSpec::text("n"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
    OptSpec::flag("ml"),
    OptSpec::flag("irls"),
    OptSpec::text("SCale"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance, WeightKind::Probability])
.maximised()
.unsupported(&["DISP", "vfactor", "MU", "INIt", "SEARCH", "FISHer"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "binreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "binreg depvar [indepvars] [if] [in] [weight] [, or|rr|hr|rd coefficients n(#|v) exposure(v) offset(v) ml scale(x2|dev|#) noconstant vce(eim|oim|robust|cluster v) level(#) nolog]",
    notes: "glm with family(binomial) and the links logit (or), log (rr), logc (hr), identity (rd), by Fisher scoring with the expected information unless ml is given; stores what glm does, e(opt1) e(opt2); predict as after glm; formulas: [R] binreg, Wacholder (1986)",
    examples: &[Example {
        // Risks of 3/4 and 1/4.
        run: "input y x n\n3 1 4\n1 0 4\nend\nbinreg y x, rr n(n)\nscalar r = exp(_b[x])\nbinreg y x, rd n(n)",
        expect: &[("r", 3.0), ("_b[x]", 0.5)],
    }],
};

/// What the coefficients are.
struct Measure {
    option: &'static str,
    link: &'static str,
    /// Heading of the exponentiated coefficients.
    heading: Option<&'static str>,
}

static MEASURES: [Measure; 4] = [
    Measure { option: "or", link: "logit", heading: Some("Odds ratio") },
    Measure { option: "rr", link: "log", heading: Some("Risk ratio") },
    Measure { option: "hr", link: "logc", heading: Some("HR") },
    Measure { option: "rd", link: "identity", heading: None },
];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut given = MEASURES.iter().filter(|m| cmd.has(m.option));
    let asked = given.next();
    if given.next().is_some() {
        return Err(StataError::invalid("only one of or, rr, hr and rd is allowed"));
    }
    if cmd.has("ml") && cmd.has("irls") {
        return Err(StataError::invalid("only one of ml and irls is allowed"));
    }
    let measure = asked.unwrap_or(&MEASURES[0]);
    // the results on display have their own measure
    let shown = |session: &Session| {
        let link = session.e.results.get_text("link").unwrap_or("").to_string();
        MEASURES.iter().find(|m| m.link == link).and_then(|m| m.heading)
    };
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "binreg",
            estimate: &|session| fit(session, cmd, measure),
            header: &glm_show::header,
            look: &|session| Look {
                eform: shown(session).filter(|_| !cmd.has("coefficients")),
                ..Look::default()
            },
            footer: &|session| {
                glm_show::footer(session);
                let what = session.e.results.get_text("link").unwrap_or("").to_string();
                let constant = session.e.b().is_some_and(|b| b.col_names.iter().any(|n| n.name == "_cons"));
                match what.as_str() {
                    "identity" => session.print("Coefficients are the risk differences."),
                    "logit" if constant && !cmd.has("coefficients") => {
                        session.print("Note: _cons estimates baseline odds.");
                    }
                    _ => {}
                }
            },
        },
    )
}

fn fit(session: &mut Session, cmd: &ParsedCommand, measure: &Measure) -> Result<()> {
    let trials = cmd.options.text("n").map(|n| n.trim().to_string());
    let expected = cmd.options.text("vce").is_some_and(|v| v.trim() == "eim");
    let information = match (cmd.has("ml"), expected) {
        (false, _) => Information::Expected { scoring: true },
        (true, true) => Information::Expected { scoring: false },
        (true, false) => Information::Observed,
    };
    let asked = Asked { family: (Family::Binomial, trials), link: Some(measure.link), information };
    estimate(session, cmd, &asked)?;
    let results = &mut session.e.results;
    let scoring = results.get_text("opt") == Some("irls");
    results.text("cmd", "binreg").text("opt1", if scoring { "MQL Fisher scoring" } else { "ML" });
    results.text("opt2", if scoring { "(IRLS EIM)" } else { "" });
    Ok(())
}
