//! `contrast`: comparisons of marginal linear predictions of the levels of factors.
//!
//! Margins are balanced (equal weights for the levels of other factors); covariates stay out, or their slopes are
//! compared (`a#c.x`). Stores in `r()`: `contrast` df F or chi2 p (row vectors), df_r, b V L table.
//! Formulas: [R] contrast.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::comparisons::{
    Columns, Compared, Look, apply, show_estimates, show_tests, store_estimates, tests_of,
};
use crate::estimation::contrast_terms::TermSpec;
use crate::estimation::exponents;
use crate::estimation::factors::{Factor, Prediction, cell_predictions, factors};
use crate::estimation::linear::Parameters;
use crate::estimation::post::command_line;
use crate::estimation::reference::{Statement, degrees};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::contrasts::Adjustment;

pub(super) const UNSUPPORTED: &[&str] = &[
    "ASOBserved",
    "EMPTYcells",
    "NOESTIMcheck",
    "OVERALL",
    "LINCOM",
    "ATEQuations",
    "POST",
    "CONStant",
    "df",
    "BALANCED",
];

const CONTRAST: StandardSyntax = StandardSyntax::whole(concat_lists!(OptSpec; exponents::OPTIONS, &[
    OptSpec::flag("EFFects"),
    OptSpec::flag("CIeffects"),
    OptSpec::flag("PVeffects"),
    OptSpec::flag("noEFFects"),
    OptSpec::flag("noWALD"),
    OptSpec::flag("ASBALanced"),
    OptSpec::flag("noSVYadjust"),
    OptSpec::text("MCOMPare"),
    OptSpec::text("EQuation"),
    OptSpec::real("Level"),
]))
.unsupported(UNSUPPORTED);

/// `contrast`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "contrast",
    min: 4,
    form: Form::Standard(&CONTRAST),
    by: ByRule::No,
    run,
    syntax: "contrast termlist [, effects nowald eform or irr hr rrr mcompare(noadjust|bonferroni|sidak|scheffe) equation(eq) nosvyadjust level(#)]; operators r. rb#. a. ar. g. h. j. gw. hw. jw. p. q., nested @; {term numlist} has its own weights",
    notes: "stores r(df) r(F) or r(chi2) r(p) r(df_r) r(b) r(V) r(table); formulas: [R] contrast",
    examples: &[
        Example {
            // Means 1, 2 and 6 of three groups of two rows, residual variance 2: F = (28 / 2) / 2.
            run: "set obs 6\ngen g = ceil(_n/2)\ngen y = cond(g==1, 1, cond(g==2, 2, 6)) + cond(mod(_n,2), 1, -1)\nregress y i.g\ncontrast r.g\nmatrix f = r(F)\nmatrix b = r(b)",
            expect: &[("f[1,3]", 7.0), ("b[1,2]", 5.0)],
        },
        Example {
            // The third mean against that of the others: 6 - 1.5, with variance 2 (1/2 + 1/4 (1/2 + 1/2)).
            run: "set obs 6\ngen g = ceil(_n/2)\ngen y = cond(g==1, 1, cond(g==2, 2, 6)) + cond(mod(_n,2), 1, -1)\nregress y i.g\ncontrast {g -.5 -.5 1}\nmatrix b = r(b)\nmatrix v = r(V)",
            expect: &[("b[1,1]", 4.5), ("v[1,1]", 1.5)],
        },
    ],
};

/// The estimates that are compared.
pub(super) struct Active {
    pub(super) parameters: Parameters,
    factors: Vec<Factor>,
    equation: String,
    df_r: Option<f64>,
    level: f64,
    pub(super) adjustment: Adjustment,
    /// Heading of exponents, where they are asked for.
    exponents: Option<&'static str>,
    sorted: bool,
}

impl Active {
    pub(super) fn read(session: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let parameters = Parameters::of(&session.e)?;
        let first = parameters.stripe.first().map(|s| s.eq.clone()).unwrap_or_default();
        let equation = cmd.options.text("equation").map_or(first, |e| e.trim().to_string());
        if parameters.positions(&equation).is_empty() {
            return Err(StataError::new(303, format!("equation {equation} not found")));
        }
        let adjustment = match cmd.options.text("mcompare") {
            None => Adjustment::None,
            Some(text) if cmd.name == "pwcompare" => Adjustment::parse_pairs(text)
                .ok_or_else(|| StataError::unsupported_option(&cmd.name, &format!("mcompare({text})")))?,
            Some(text) => Adjustment::parse(text)
                .ok_or_else(|| StataError::unsupported_option(&cmd.name, &format!("mcompare({text})")))?,
        };
        Ok(Self {
            factors: factors(&parameters),
            equation,
            df_r: degrees(session, Statement::Linear),
            level: crate::estimation::display::level(session, cmd)?,
            adjustment,
            exponents: exponents::heading(|option| cmd.has(option)),
            sorted: cmd.has("sort"),
            parameters,
        })
    }

    /// The factors of a term, r(322) when one is not in the model.
    pub(super) fn chosen(&self, session: &Session, term: &TermSpec) -> Result<Vec<&Factor>> {
        term.parts
            .iter()
            .map(|part| {
                let name = session.variable(&part.name).map(|v| session.frame.var(v).name.clone());
                let name = name.unwrap_or_else(|_| part.name.clone());
                self.factors.iter().find(|f| f.name == name).ok_or_else(|| {
                    StataError::new(322, format!("factor {} not found in list of covariates", part.name))
                })
            })
            .collect()
    }

    pub(super) fn predictions(&self, chosen: &[&Factor], term: &TermSpec) -> Vec<Prediction> {
        cell_predictions(&self.parameters, &self.equation, &self.factors, chosen, &term.covariates)
    }

    /// The rows that the coefficients are multiplied by; 0 where a row is not estimable.
    pub(super) fn contrasts(&self, rows: &[Prediction], names: &[String]) -> Matrix {
        let width = self.parameters.b.len();
        let data = rows.iter().flat_map(|r| r.clone().unwrap_or_else(|| vec![0.0; width])).collect();
        let mut l = Matrix::new(rows.len(), width, data);
        l.row_names = names.iter().map(|n| Stripe::term(n.clone())).collect();
        l.col_names = self.parameters.stripe.clone();
        l
    }

    /// Stores what the comparisons are made from, and which of them are estimable (0, otherwise 8).
    pub(super) fn describe(
        &self,
        session: &Session,
        cmd: &ParsedCommand,
        title: &str,
        results: &mut Results,
    ) {
        if let Some(df) = self.df_r {
            results.scalar("df_r", df);
        }
        if let Some(b) = results.matrices.get("b").cloned() {
            let codes = (0..b.cols()).map(|i| if is_missing(b.get(0, i)) { 8.0 } else { 0.0 }).collect();
            results.matrix("error", Matrix::row_vector(codes, b.col_names.clone()));
        }
        let e = &session.e.results;
        results.text("cmd", &cmd.name).text("cmdline", command_line(cmd)).text("title", title);
        results.text("est_cmd", session.e.cmd()).text("est_cmdline", e.get_text("cmdline").unwrap_or(""));
        results.text("emptycells", "reweight").text("margin_method", "asbalanced");
    }

    /// Nothing to show yet.
    pub(super) fn compared(&self) -> Compared {
        Compared::empty(self.equation.trim_start_matches('/').to_string())
    }

    pub(super) fn look<'a>(&self, heading: &'a str, columns: Columns, versus: bool) -> Look<'a> {
        Look {
            heading: self.exponents.unwrap_or(heading),
            outcome: "",
            vce_title: "",
            columns,
            versus,
            adjustment: self.adjustment,
            level: self.level,
            df_r: self.df_r,
            eform: self.exponents.is_some(),
            sorted: self.sorted,
        }
    }
}

/// Weighted sums of predictions; absent where one that takes part is.
pub(super) fn combine(weights: &[f64], predictions: &[Prediction], size: usize) -> Prediction {
    let mut out = vec![0.0; size];
    for (weight, prediction) in weights.iter().zip(predictions).filter(|(w, _)| **w != 0.0) {
        out.iter_mut().zip(prediction.as_ref()?).for_each(|(o, p)| *o += weight * p);
    }
    Some(out)
}

/// Terms of a list, `##` written out; `{a 1 -1}` has its own weights.
pub(super) fn terms(list: &str) -> Result<Vec<TermSpec>> {
    let mut out = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('{') {
            let (term, after) = inside.split_once('}').ok_or_else(StataError::syntax)?;
            out.push(TermSpec::custom(term)?);
            rest = after.trim_start();
            continue;
        }
        let mut depth = 0;
        let ends = |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0 && (c.is_whitespace() || c == '{')
        };
        let end = rest.find(ends).unwrap_or(rest.len());
        let word = &rest[..end];
        rest = rest[end..].trim_start();
        let parts: Vec<&str> = word.split("##").collect();
        for subset in 1..1_usize << parts.len() {
            let chosen: Vec<&str> =
                (0..parts.len()).filter(|i| subset >> i & 1 == 1).map(|i| parts[i]).collect();
            out.push(TermSpec::parse(&chosen.join("#"))?);
        }
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let active = Active::read(session, cmd)?;
    let size = active.parameters.b.len();
    let mut found = active.compared();
    // pwcompare names the only equation of a model, contrast does not
    if active.parameters.stripe.iter().all(|s| s.eq == active.equation) {
        found.equation.clear();
    }
    let mut rows: Vec<Prediction> = Vec::new();
    let mut lines = Vec::new();
    let list = terms(&cmd.list)?;
    let asked = asks_for_differences(cmd) || active.adjustment != Adjustment::None;
    let mut shown = false;
    for term in &list {
        let chosen = active.chosen(session, term)?;
        let predictions = active.predictions(&chosen, term);
        let own = term.rows(session, &chosen)?;
        let mine: Vec<Prediction> = own.iter().map(|r| combine(&r.weights, &predictions, size)).collect();
        let (b, v) = apply(&active.parameters.b, &active.parameters.v, &mine);
        let block = term.title();
        let labels: Vec<&str> = own.iter().map(|r| r.tested.as_str()).collect();
        lines.extend(tests_of(&block, &labels, &b, &v));
        shown |= term.has_operators() || asked;
        for r in &own {
            found.blocks.push(block.clone());
            found.labels.push(r.label.clone());
            found.names.push(r.name.clone());
        }
        rows.extend(mine);
    }
    let mut results = Results::default();
    session.print("");
    session.print("Contrasts of marginal linear predictions");
    session.print("");
    session.print("Margins: asbalanced");
    if !cmd.has("nowald") {
        session.print("");
        let adjusted = !cmd.has("nosvyadjust");
        show_tests(session, &found.equation, &lines, active.df_r, adjusted, &mut results);
    }
    (found.b, found.v) = apply(&active.parameters.b, &active.parameters.v, &rows);
    let names = ["b", "V", "table"];
    if shown && !cmd.has("noeffects") {
        let look = active.look("Contrast", columns(cmd), false);
        show_estimates(session, &found, &look, names, &mut results);
    } else {
        store_estimates(&found, &active.look("Contrast", Columns::LIMITS, false), names, &mut results);
    }
    results.matrix("L", active.contrasts(&rows, &found.names)).scalar("k_terms", list.len() as f64);
    active.describe(session, cmd, "Contrasts of marginal linear predictions", &mut results);
    if active.adjustment != Adjustment::None {
        results.text("mcmethod", active.adjustment.name().to_lowercase());
    }
    session.r = results;
    Ok(())
}

/// Which numbers the options ask for.
pub(super) fn columns(cmd: &ParsedCommand) -> Columns {
    Columns::of(cmd.has("effects"), cmd.has("cieffects"), cmd.has("pveffects"))
}

/// Whether an option asks for the table of differences.
pub(super) fn asks_for_differences(cmd: &ParsedCommand) -> bool {
    ["effects", "cieffects", "pveffects"].iter().any(|o| cmd.has(o))
}
