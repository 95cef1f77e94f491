//! The method: the library's ranking with the suggested roles; a method that the words, the kind of the outcome
//! or the structure of the data speak for goes first if it is applicable.

use std::collections::BTreeMap;

use super::SuggestInput;
use super::columns::Named;
use super::roles::Filled;
use crate::domain::draft::Statement;
use crate::domain::ids::TemplateId;
use crate::domain::template::TemplateMeta;
use crate::library::binding::takes;
use crate::library::rank::Ranked;
use crate::library::select::{SelectionInput, select};

/// The choice with the statement in the roles of its template.
pub(super) struct Chosen {
    pub(super) template: Option<TemplateId>,
    pub(super) statement: Statement,
    /// True if the rules and not only the ranking speak for it.
    pub(super) preferred: bool,
    /// The ranking with these roles.
    pub(super) ranking: Vec<Ranked>,
}

pub(super) fn choose(input: &SuggestInput<'_>, filled: &Filled, named: &[Named<'_>]) -> Chosen {
    let roles = roles_of(filled, named);
    for method in &filled.methods {
        let Some(template) = TemplateId::parse(method).ok().and_then(|id| input.library.get(&id)) else {
            continue;
        };
        let statement = statement(fitted(roles.clone(), &template.meta), filled, &template.meta, named);
        let ranking = ranked(input, &statement);
        if ranking.iter().any(|r| r.template_id == template.meta.id) {
            return Chosen { template: Some(template.meta.id.clone()), statement, preferred: true, ranking };
        }
    }
    let plain = Statement { roles: roles.clone(), ..Statement::default() };
    let ranking = ranked(input, &plain);
    let first = ranking.first().and_then(|r| input.library.get(&r.template_id));
    let statement = match first {
        Some(template) => statement(fitted(roles, &template.meta), filled, &template.meta, named),
        None => plain,
    };
    Chosen { template: first.map(|t| t.meta.id.clone()), statement, preferred: false, ranking }
}

fn ranked(input: &SuggestInput<'_>, statement: &Statement) -> Vec<Ranked> {
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
    // numbers that name categories are no slopes
    let terms = ["regressors", "controls", "focal_var", "moderator_var"];
    let model = roles.iter().filter(|(role, _)| terms.contains(&role.as_str())).flat_map(|(_, c)| c);
    let categorical_vars = model
        .filter(|name| {
            named.iter().any(|n| {
                n.name() == *name
                    && n.column.value_labels
                    && n.kind() == "categorical"
                    && n.column.distinct > 2
                    && n.outcome() < 0.3
                    && !n.has("@education")
            })
        })
        .cloned()
        .collect();
    Statement { roles, parameters, categorical_vars, ..Statement::default() }
}
