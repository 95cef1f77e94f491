//! `pwcompare`: differences between marginal linear predictions of pairs of levels. Stores in `r()` b_vs V_vs table_vs, and b V
//! table of the margins. Formulas: [R] pwcompare.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::contrast::{Active, UNSUPPORTED, asks_for_differences, columns, combine, terms};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::comparisons::{
    Columns, Compared, Look, apply, group_codes, show_estimates, show_groups, store_estimates,
};
use crate::estimation::contrast_terms::{TermSpec, level_name};
use crate::estimation::exponents;
use crate::estimation::factors::{Prediction, cells};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::contrasts::{Adjustment, pairs};

const PWCOMPARE: StandardSyntax = StandardSyntax::whole(concat_lists!(OptSpec; exponents::OPTIONS, &[
    OptSpec::flag("EFFects"),
    OptSpec::flag("CIeffects"),
    OptSpec::flag("PVeffects"),
    OptSpec::flag("CIMargins"),
    OptSpec::flag("GROUPs"),
    OptSpec::flag("ASBALanced"),
    OptSpec::flag("SORT"),
    OptSpec::text("MCOMPare"),
    OptSpec::text("EQuation"),
    OptSpec::real("Level"),
]))
.unsupported(UNSUPPORTED);

/// `pwcompare`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pwcompare",
    min: 6,
    form: Form::Standard(&PWCOMPARE),
    by: ByRule::No,
    run,
    syntax: "pwcompare termlist [, effects cimargins groups sort eform or irr hr rrr mcompare(noadjust|bonferroni|sidak|scheffe|tukey) equation(eq) level(#)]",
    notes: "stores r(b_vs) r(V_vs) r(table_vs) r(b) r(V), with groups r(groups1) ...; sort orders the tables within each term, not the results; letters ascend with the margins, a margin that differs from all others has none; formulas: [R] pwcompare",
    examples: &[Example {
        run: "set obs 6\ngen g = ceil(_n/2)\ngen y = cond(g==1, 1, cond(g==2, 2, 6)) + cond(mod(_n,2), 1, -1)\nregress y i.g\npwcompare g\nmatrix b = r(b_vs)",
        expect: &[("b[1,1]", 1.0), ("b[1,2]", 5.0), ("b[1,3]", 4.0)],
    }],
};

/// Margins of the levels with their rows, and the differences of their pairs.
struct Pairwise {
    versus: Compared,
    margins: Compared,
    margin_rows: Vec<Prediction>,
}

fn pairwise(session: &Session, active: &Active, list: &[TermSpec]) -> Result<Pairwise> {
    let size = active.parameters.b.len();
    let (mut versus, mut margins) = (active.compared(), active.compared());
    let (mut versus_rows, mut margin_rows) = (Vec::new(), Vec::new());
    for term in list {
        if term.has_operator() || term.parts.iter().any(|p| p.nested) {
            return Err(StataError::new(198, "contrast operators are not allowed in pwcompare"));
        }
        let chosen = active.chosen(session, term)?;
        let predictions = active.predictions(&chosen, term);
        let block = term.title();
        let levels: Vec<String> = cells(&chosen)
            .iter()
            .map(|cell| cell.iter().map(i64::to_string).collect::<Vec<_>>().join("#"))
            .collect();
        let variables: Vec<&str> = chosen.iter().map(|f| f.name.as_str()).collect();
        let shown: Vec<String> = cells(&chosen)
            .iter()
            .map(|cell| {
                let named = cell.iter().zip(&chosen).map(|(l, f)| level_name(session, &f.name, *l));
                named.collect::<Vec<_>>().join(" ")
            })
            .collect();
        for (a, b) in pairs(levels.len()) {
            let mut weights = vec![0.0; levels.len()];
            (weights[a], weights[b]) = (1.0, -1.0);
            versus_rows.push(combine(&weights, &predictions, size));
            versus.blocks.push(block.clone());
            let spaced = |text: &str| if chosen.len() > 1 { format!("({text})") } else { text.to_string() };
            versus.labels.push(format!("{} vs {}", spaced(&shown[a]), spaced(&shown[b])));
            versus.names.push(format!("{}vs{}.{}", levels[a], levels[b], variables.join("#")));
        }
        for ((level, shown), prediction) in levels.iter().zip(&shown).zip(predictions) {
            margins.blocks.push(block.clone());
            let name: Vec<String> =
                level.split('#').zip(&variables).map(|(l, v)| format!("{l}.{v}")).collect();
            margins.names.push(name.join("#"));
            margins.labels.push(shown.clone());
            margin_rows.push(prediction);
        }
    }
    (versus.b, versus.v) = apply(&active.parameters.b, &active.parameters.v, &versus_rows);
    (margins.b, margins.v) = apply(&active.parameters.b, &active.parameters.v, &margin_rows);
    Ok(Pairwise { versus, margins, margin_rows })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let active = Active::read(session, cmd)?;
    let list = terms(&cmd.list)?;
    let Pairwise { versus, margins, margin_rows } = pairwise(session, &active, &list)?;
    let mut results = Results::default();
    session.print("");
    session.print("Pairwise comparisons of marginal linear predictions");
    session.print("");
    session.print("Margins: asbalanced");
    // adjustments are for the differences
    let plain =
        Look { adjustment: Adjustment::None, ..active.look("Margin", Columns::LIMITS, cmd.has("cimargins")) };
    let stored = ["b", "V", "table"];
    match cmd.has("cimargins") {
        true => show_estimates(session, &margins, &plain, stored, &mut results),
        false => store_estimates(&margins, &plain, stored, &mut results),
    }
    let (look, names) = (active.look("Contrast", columns(cmd), true), ["b_vs", "V_vs", "table_vs"]);
    if cmd.has("groups") {
        let codes = group_codes(&margins, &versus, &look);
        show_groups(session, &margins, &codes, &active.look("Margin", Columns::LIMITS, false), &mut results);
    }
    if asks_for_differences(cmd) || !(cmd.has("groups") || cmd.has("cimargins")) {
        show_estimates(session, &versus, &look, names, &mut results);
    } else {
        store_estimates(&versus, &look, names, &mut results);
    }
    results.matrix("L", active.contrasts(&margin_rows, &margins.names)).scalar("k_terms", list.len() as f64);
    active.describe(session, cmd, "Pairwise comparisons of marginal linear predictions", &mut results);
    results.text("mcmethod_vs", active.adjustment.name().to_lowercase());
    session.r = results;
    Ok(())
}
