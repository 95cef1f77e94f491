//! The method: the library's ranking with the suggested roles; a method that the words, the kind of the outcome
//! or the structure of the data speak for goes first if it is applicable.

use std::collections::BTreeMap;

use super::SuggestInput;
use super::columns::Named;
use super::complete::Columns;
use super::keywords::{AGAINST_FRAME, AGAINST_GENERAL, CLEARLY, Hit, named_in};
use super::roles::{Filled, HALF};
use super::technical::names_logit;
use crate::domain::draft::Statement;
use crate::domain::ids::TemplateId;
use crate::domain::template::TemplateMeta;
use crate::library::binding::takes;
use crate::library::missing_parameters::draft_gaps;
use crate::library::rank::Ranked;
use crate::library::select::{SelectionInput, select};

/// Most templates named by keywords that are tried, and most of a ranking.
const MOST_NAMED: usize = 4;
const MOST_RANKED: usize = 8;

/// Frames whose words stand in the names of other analyses too: the intraclass correlation.
const GENERAL: [&str; 4] = ["correlation", "summary", "frequency", "histogram"];

/// What speaks for a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Keywords of the template in the question.
    Named,
    /// The construction of the question, the kind of the outcome, the structure of the data.
    Rules,
    /// Only the ranking of the library.
    Ranking,
}

/// The choice with the statement in the roles of its template.
pub(super) struct Chosen {
    pub(super) template: Option<TemplateId>,
    pub(super) statement: Statement,
    pub(super) reason: Reason,
    /// The ranking with these roles.
    pub(super) ranking: Vec<Ranked>,
}

/// Chooses among the methods that the question names, those that the construction and the data speak for, and the
/// ranking.
pub(super) fn choose(input: &SuggestInput<'_>, filled: &Filled, columns: &Columns<'_>) -> Chosen {
    let named = columns.named;
    let roles = roles_of(filled, named);
    let hits = named_in(
        input.library,
        input.question,
        named.iter().map(Named::name).chain(columns.words.iter().copied()),
    );
    let enough = if GENERAL.contains(&filled.frame.as_str()) { AGAINST_GENERAL } else { AGAINST_FRAME };
    let against_frame = hits.first().is_some_and(|hit| hit.weight >= enough);
    let clearly = hits.first().is_some_and(|hit| hit.weight >= CLEARLY);
    let by_words = hits.iter().take(MOST_NAMED).map(|hit| (hit.template.clone(), true));
    let by_rules = filled.methods.iter().filter_map(|id| Some((TemplateId::parse(id).ok()?, false)));
    // a frame of which the keywords speak too is what the question asks for
    let agree = hits.iter().any(|hit| filled.methods.iter().any(|id| id == hit.template.as_str()));
    // one technical word, such as Weibull, says which method of the frame's family is meant
    let narrower =
        |hit: &Hit| filled.methods.first().is_some_and(|id| family(id) == family(hit.template.as_str()));
    // "many zeros" of a count are no limit of a tobit
    let narrows = !agree && filled.frame != "zeros" && hits.first().is_some_and(narrower);
    let order: Vec<(TemplateId, bool)> = if filled.named && !narrows && (agree || !against_frame) {
        by_rules.chain(by_words).collect()
    } else {
        by_words.chain(by_rules).collect()
    };
    // "two-way fixed effects" of a measure are no differences in differences
    let of_measure = filled
        .roles
        .get("regressors")
        .is_some_and(|causes| !causes.is_empty() && causes.iter().all(|c| named[*c].is_measure()));
    for (id, by_keyword) in &order {
        let Some(template) = input.library.get(id) else { continue };
        let followed = !clearly && filled.roles.contains_key("entity_var");
        if *by_keyword && (of_measure || followed) && family(id.as_str()) == "did" {
            continue;
        }
        // a logistic regression is no linear one, whatever other words are
        if *by_keyword && family(id.as_str()) == "linear" && names_logit(input.question) {
            continue;
        }
        // what the question names must not stand in for an outcome that no column was found for
        if *by_keyword && !clearly && (filled.frame == HALF || family(id.as_str()) == "accounting") {
            continue;
        }
        let mut statement = statement(fitted(roles.clone(), &template.meta), filled, &template.meta, named);
        if *by_keyword {
            statement = columns.complete(statement, &template.meta);
            // a name that several analyses share decides only where nothing is left open
            let is_open = || !draft_gaps(&template.meta, &statement, columns.columns).is_empty();
            // nor is it this analysis if the outcome of the construction does not fit
            let loses_outcome = roles.contains_key("outcome_var")
                && takes(&template.meta, "outcome_var")
                && (!statement.roles.contains_key("outcome_var") || is_replaced(&statement, &roles, named));
            // nor one that drops the units, the groups or the instruments that the question names
            let structure = ["entity_var", "fixed_effects", "instrument_vars"];
            let lost = |role: &str| roles.contains_key(role) && !takes(&template.meta, role);
            let several = roles.get("regressors").is_some_and(|causes| causes.len() > 1);
            let loses_causes = several && lost("regressors") && !takes(&template.meta, "item_vars");
            let loses_structure = loses_causes || structure.into_iter().any(lost);
            // a duration makes a follow-up only with the end that words name
            let end = columns.structure.event.filter(|event| columns.asked.contains(event));
            let failure = statement.roles.get("failure_var").map(Vec::as_slice);
            let ends =
                end.is_some_and(|event| matches!(failure, Some([only]) if only == named[event].name()));
            let other_end =
                family(id.as_str()) == "survival" && !filled.roles.contains_key("duration_var") && !ends;
            if other_end || loses_outcome || (!clearly && (loses_structure || is_open())) {
                continue;
            }
        } else if filled.takes_rest {
            statement = columns.complete(statement, &template.meta);
        } else if filled.named {
            statement = columns.filled(statement, &template.meta);
        } else {
            statement = columns.set(statement, &template.meta);
        }
        let ranking = ranked(input, &statement);
        if ranking.iter().any(|r| r.template_id == template.meta.id) {
            let reason = if *by_keyword { Reason::Named } else { Reason::Rules };
            return Chosen { template: Some(template.meta.id.clone()), statement, reason, ranking };
        }
    }
    let plain = Statement { roles: roles.clone(), ..Statement::default() };
    let ranking = ranked(input, &plain);
    let whole = |id: &TemplateId| {
        let template = input.library.get(id)?;
        let statement = statement(fitted(roles.clone(), &template.meta), filled, &template.meta, named);
        let statement = columns.complete(statement, &template.meta);
        let is_whole = draft_gaps(&template.meta, &statement, columns.columns).is_empty();
        is_whole.then(|| (template.meta.id.clone(), statement))
    };
    // preparation of data, a selection of variables and a reduction of dimensions answer no question that does not ask for them
    let others = ["prep", "data", "ml", "multivariate"];
    let answers = |id: &&TemplateId| !others.contains(&family(id.as_str()));
    let ids: Vec<&TemplateId> = ranking.iter().map(|r| &r.template_id).take(MOST_RANKED).collect();
    let first = ids.iter().copied().filter(answers).find_map(whole);
    let first = first.or_else(|| ids.first().map(|id| ((*id).clone(), plain.clone())));
    let (template, statement) = first.map_or((None, plain), |(id, statement)| (Some(id), statement));
    Chosen { template, statement, reason: Reason::Ranking, ranking }
}

/// True where another column stands in for an outcome of words.
fn is_replaced(statement: &Statement, roles: &BTreeMap<String, Vec<String>>, named: &[Named<'_>]) -> bool {
    let [asked] = roles.get("outcome_var").map(Vec::as_slice).unwrap_or_default() else { return false };
    let of_words = named.iter().any(|n| n.name() == asked && n.column.is_text());
    of_words && statement.roles.get("outcome_var") != roles.get("outcome_var")
}

/// The part of a template's id before the dot.
fn family(id: &str) -> &str {
    id.split('.').next().unwrap_or_default()
}

/// The ranking of the library with a statement.
pub(super) fn ranked(input: &SuggestInput<'_>, statement: &Statement) -> Vec<Ranked> {
    let selected = select(&SelectionInput {
        library: input.library,
        question: input.question,
        question_kinds: &[],
        statement,
        dataset: Some(input.dataset),
    });
    selected.candidates.ranking
}

fn roles_of(filled: &Filled, named: &[Named<'_>]) -> BTreeMap<String, Vec<String>> {
    let names = |columns: &Vec<usize>| columns.iter().map(|c| named[*c].name().to_owned()).collect();
    filled.roles.iter().map(|(role, columns)| ((*role).to_owned(), names(columns))).collect()
}

/// Moves columns to the roles that the template takes: controls of a template without controls are regressors.
fn fitted(mut roles: BTreeMap<String, Vec<String>>, meta: &TemplateMeta) -> BTreeMap<String, Vec<String>> {
    for (from, to) in [("controls", "regressors"), ("outcome_var", "item_vars"), ("item_vars", "outcome_var")]
    {
        let single = to != "outcome_var" || roles.get(from).is_some_and(|c| c.len() == 1);
        if !takes(meta, from)
            && takes(meta, to)
            && single
            && let Some(columns) = roles.remove(from)
        {
            roles.entry(to.to_owned()).or_default().extend(columns);
        }
    }
    roles
}

fn statement(
    roles: BTreeMap<String, Vec<String>>,
    filled: &Filled,
    meta: &TemplateMeta,
    named: &[Named<'_>],
) -> Statement {
    let declared = |name: &str| meta.parameters.iter().any(|p| p.name == name);
    let parameters =
        filled.parameters.iter().filter(|(n, _)| declared(n)).map(|(n, v)| (n.clone(), v.clone())).collect();
    // numbers that name categories, or units such as schools, are no slopes
    let terms = ["regressors", "controls", "focal_var", "moderator_var"];
    let model = roles.iter().filter(|(role, _)| terms.contains(&role.as_str())).flat_map(|(_, c)| c);
    let categorical_vars = model
        .filter(|name| {
            named.iter().any(|n| {
                let labelled = n.column.value_labels
                    && n.kind() == "categorical"
                    && n.outcome() < 0.3
                    && !n.has("@education");
                n.name() == *name && n.column.distinct > 2 && (labelled || n.is_code_of_units())
            }) || filled.categories.iter().any(|c| named[*c].name() == *name && !named[*c].column.is_text())
        })
        .cloned()
        .collect();
    Statement { roles, parameters, categorical_vars, ..Statement::default() }
}
