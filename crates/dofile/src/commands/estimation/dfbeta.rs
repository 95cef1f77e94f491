//! `dfbeta`: one new variable with the DFBETA of each regressor ([R] regress postestimation).

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "no results; the variables of predict, dfbeta(); numbers follow those of existing variables of the stub",
    examples: &[Example {
        run: "set obs 8\ngenerate x = _n\ngenerate z = mod(_n, 3)\ngenerate y = x + z + mod(_n*5, 7)\nregress y x z\npredict d, dfbeta(z)\ndfbeta\ndfbeta x, stub(own)",
        expect: &[("_dfbeta_2[4] - d[4]", 0.0), ("_dfbeta_1[4] - own1[4]", 0.0)],
    }],
    ..CommandSpec::raw("dfbeta", 6, run, "dfbeta [indepvar ...] [, stub(name)]")
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::whole("dfbeta", &cmd.raw)?;
    cmd.check_options(&[OptSpec::text("STub")], &[])?;
    if s.e.cmd() != "regress" {
        return Err(StataError::no_estimates());
    }
    let parameters = Parameters::of(&s.e)?;
    let wanted = |list: &FvList| -> Result<Vec<String>> {
        let sample = s.estimation_sample().map_or_else(Vec::new, |m| m.to_vec());
        let terms = list.expand(&s.frame, &sample)?;
        Ok(terms.into_iter().filter(|t| !t.is_base() && !t.is_omitted()).map(|t| t.name()).collect())
    };
    let names: Vec<String> = if cmd.list.trim().is_empty() {
        (0..parameters.b.len())
            .filter(|i| parameters.v[(*i, *i)] > 0.0 && parameters.terms[*i].is_some())
            .map(|i| parameters.stripe[i].name.clone())
            .collect()
    } else {
        wanted(&FvList::parse(&s.frame, &cmd.list, s.settings.varabbrev)?)?
    };
    let stub = cmd.options.text("stub").unwrap_or("_dfbeta_").trim().to_string();
    let mut number = 0;
    s.print("");
    s.print("Generating DFBETA variables ...");
    s.print("");
    for name in names {
        number += 1;
        while s.frame.find(&format!("{stub}{number}")).is_some() {
            number += 1;
        }
        s.run_expanded(&format!("predict {stub}{number}, dfbeta({name})"))?;
        s.print(format!("{:>15}: DFBETA {name}", format!("{stub}{number}")));
    }
    Ok(())
}
