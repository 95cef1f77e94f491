//! `meta set` and `meta query`: declares effects with their standard errors or intervals ([META] meta set).

use super::settings::{Model, OPTIONS, Pooling, clear, put};
use super::show;
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::{MISSING, is_missing};
use estimators::meta_analysis::{Between, critical};

/// Options of both declarations.
pub(super) const DECLARE: &[OptSpec] = concat_lists!(
    OptSpec;
    OPTIONS,
    &[OptSpec::text("STUDYLABel"), OptSpec::text("STUDYSize"), OptSpec::text("ESLABel"), OptSpec::flag("noMETASHOW")],
);

const SET: &[OptSpec] = concat_lists!(
    OptSpec;
    DECLARE,
    &[OptSpec::real("CIVARLEVel"), OptSpec::real("CIVARTOLerance")],
);

/// What a declaration says beside the effects.
pub(super) struct Declaration<'a> {
    /// The command with its options.
    pub cmd: &'a ParsedCommand,
    /// Kind of the effect.
    pub kind: &'a str,
    /// The effect as output names it.
    pub label: &'a str,
    /// Variables that the effects come from.
    pub variables: Vec<usize>,
    /// Whether they are counts of 2 x 2 tables.
    pub counts: bool,
    /// Further facts on the effect size for the declaration.
    pub query: String,
    /// Variables of effects and standard errors as output names them.
    pub names: [String; 2],
    /// What is added to the cells of a 2 x 2 table with an empty cell.
    pub zero: f64,
    /// Numbers of subjects of the studies, where the effects come from summaries.
    pub sizes: Option<Vec<f64>>,
}

/// `meta set`.
pub(super) fn set(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta set", rest, false)?;
    cmd.check_options(SET, &[])?;
    let variables = s.varlist(&cmd.list)?;
    let mut touse = s.rows(&cmd)?;
    for v in &variables {
        s.numeric_variable(&s.frame.var(*v).name)?;
    }
    s.markout(&variables, &mut touse, false)?;
    let at = |v: usize, i: usize| s.frame.num_at(v, i);
    let mut effects = vec![(MISSING, MISSING); touse.len()];
    match variables[..] {
        [es, se] => {
            for i in (0..touse.len()).filter(|i| touse[*i]) {
                if at(se, i) <= 0.0 {
                    let name = &s.frame.var(se).name;
                    return Err(StataError::new(
                        459,
                        format!("variable {name} has values that are not positive"),
                    ));
                }
                effects[i] = (at(es, i), at(se, i));
            }
        }
        [es, low, high] => {
            let level = cmd.options.real("civarlevel").unwrap_or(s.settings.level);
            let z = critical(level, None);
            let tolerance = cmd.options.real("civartolerance").unwrap_or(1e-6);
            for i in (0..touse.len()).filter(|i| touse[*i]) {
                let (below, above) = (at(es, i) - at(low, i), at(high, i) - at(es, i));
                if below <= 0.0 || above <= 0.0 {
                    return Err(StataError::new(459, "confidence limits do not enclose their effects"));
                }
                if (below - above).abs() > tolerance {
                    return Err(StataError::new(459, "confidence intervals are not symmetric"));
                }
                effects[i] = (at(es, i), (above + below) / (2.0 * z));
            }
        }
        _ => return Err(StataError::syntax()),
    }
    let name = |k: usize| s.frame.var(variables[k]).name.clone();
    let names = [name(0), if variables.len() == 2 { name(1) } else { "_meta_se".to_string() }];
    let declaration = Declaration {
        cmd: &cmd,
        kind: "Generic",
        label: "Effect size",
        variables,
        counts: false,
        query: String::new(),
        names,
        zero: 0.0,
        sizes: None,
    };
    declare(s, &declaration, &effects)
}

/// Makes the variables and characteristics of a declaration from effects and standard errors.
pub(super) fn declare(s: &mut Session, d: &Declaration<'_>, effects: &[(f64, f64)]) -> Result<()> {
    let options = &d.cmd.options;
    let count = effects.iter().filter(|e| used(e)).count();
    if count == 0 {
        return Err(StataError::no_observations());
    }
    let model = ["random", "common", "fixed"].iter().find(|m| options.has(m)).map_or_else(
        || "random".to_string(),
        |m| options.text(m).map_or_else(|| (*m).to_string(), |t| format!("{m}({t})")),
    );
    let default = Model { name: "random", pooling: Pooling::Random(Between::Reml) };
    let declared = Model::of(options, d.counts)?.unwrap_or(default);
    let level = options.real("level").unwrap_or(s.settings.level);
    let study = match options.text("studylabel") {
        Some(name) => Some(s.variable(name)?),
        None => None,
    };
    let size = options.text("studysize").map(|name| s.numeric_variable(name.trim())).transpose()?;
    let sizes = size.map(|v| s.frame.numeric(v).map(std::borrow::Cow::into_owned)).transpose()?;
    let sizes = sizes.or_else(|| d.sizes.clone());
    let labels = study_labels(s, effects, study);
    let study_name = study.map_or("Generic".to_string(), |v| s.frame.var(v).name.clone());
    let names: Vec<String> = d.variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    clear(s);
    add_variables(s, d.label, level, effects, labels)?;
    if let Some(sizes) = sizes {
        let own = effects.iter().zip(&sizes).map(|(e, n)| if used(e) { *n } else { MISSING });
        let mut variable = Variable::new(
            "_meta_studysize",
            Column::from_f64(StorageType::Float, &own.collect::<Vec<f64>>()),
        );
        variable.label = "Sample size per study".to_string();
        s.frame.add(variable)?;
    }
    let label = options.text("eslabel").map_or(d.label, |t| unquote(t.trim())).to_string();
    let list = names.join(" ");
    for (key, value) in [
        ("_meta_marker", "_meta_ds_1"),
        ("_meta_K", &count.to_string()),
        ("_meta_studylabel", &study_name),
        ("_meta_estype", d.kind),
        ("_meta_eslabel", &label),
        ("_meta_modelopt", &model),
        ("_meta_level", &level.to_string()),
        ("_meta_datavars", &list),
        ("_meta_counts", if d.counts { &list } else { "" }),
        ("_meta_query", &d.query),
        ("_meta_esvar", &d.names[0]),
        ("_meta_sevar", &d.names[1]),
        ("_meta_zero", &d.zero.to_string()),
        ("_meta_model", &declared.declared()),
        ("_meta_method", declared.method_title()),
    ] {
        put(s, key, value);
    }
    if !options.has("nometashow") {
        show::declaration(s);
    }
    Ok(())
}

/// Adds the variables of the studies: numbers, labels, effects, standard errors and limits of confidence.
fn add_variables(
    s: &mut Session,
    label: &str,
    level: f64,
    effects: &[(f64, f64)],
    labels: Vec<Box<str>>,
) -> Result<()> {
    let z = critical(level, None);
    let pick = |f: &dyn Fn(&(f64, f64)) -> f64| -> Vec<f64> {
        effects.iter().map(|e| if used(e) { f(e) } else { MISSING }).collect()
    };
    let ids: Vec<f64> = (1..=effects.len()).map(|i| i as f64).collect();
    let (limit, lower) = (format!("{level}%"), sentence_case(label));
    let error = format!("Std. err. for {lower}");
    let [low, high] = ["lower", "upper"].map(|side| format!("{limit} {side} CI limit for {lower}"));
    let small = if ids.len() > 100 { StorageType::Int } else { StorageType::Byte };
    let small = if ids.len() > 32_740 { StorageType::Long } else { small };
    for (name, label, column) in [
        ("_meta_id", "Study ID", Column::from_f64(small, &ids)),
        ("_meta_studylabel", "Study label", Column::from_strings(labels)),
        ("_meta_es", label, Column::Double(pick(&|e| e.0))),
        ("_meta_se", &error, Column::Double(pick(&|e| e.1))),
        ("_meta_cil", &low, Column::Double(pick(&|e| e.0 - z * e.1))),
        ("_meta_ciu", &high, Column::Double(pick(&|e| e.0 + z * e.1))),
    ] {
        let mut variable = Variable::new(name, column);
        variable.label = label.to_string();
        s.frame.add(variable)?;
    }
    Ok(())
}

/// A label inside a sentence: the logarithm and the difference lose their capital, names of authors keep it.
fn sentence_case(label: &str) -> String {
    let own = ["Hedges", "Cohen", "Peto"].iter().any(|name| label.starts_with(name));
    let mut letters = label.chars();
    match letters.next() {
        Some(first) if !own => first.to_lowercase().chain(letters).collect(),
        _ => label.to_string(),
    }
}

/// Names of the studies: values of a variable, or numbers.
fn study_labels(s: &Session, effects: &[(f64, f64)], study: Option<usize>) -> Vec<Box<str>> {
    let mut number = 0;
    let mut labels = Vec::with_capacity(effects.len());
    for (i, effect) in effects.iter().enumerate() {
        let mine = used(effect);
        number += usize::from(mine);
        let label = match study {
            _ if !mine => String::new(),
            None => format!("Study {number}"),
            Some(v) if s.frame.var(v).is_string() => s.frame.str_at(v, i).to_string(),
            Some(v) => {
                let value = s.frame.num_at(v, i);
                let text = s.frame.labels_of(v).and_then(|l| l.get(value)).map(str::to_string);
                text.unwrap_or_else(|| crate::format::bare(&s.frame.var(v).format, value))
            }
        };
        labels.push(label.into_boxed_str());
    }
    labels
}

/// Whether a study has an effect.
fn used(effect: &(f64, f64)) -> bool {
    !is_missing(effect.0) && !is_missing(effect.1)
}

/// `meta query`.
pub(super) fn query(s: &mut Session) -> Result<()> {
    if s.frame.char("_dta", "_meta_marker").is_empty() {
        s.print("(data not meta set; use meta set or meta esize to declare as meta-analysis data)");
        return Ok(());
    }
    show::declaration(s);
    Ok(())
}
