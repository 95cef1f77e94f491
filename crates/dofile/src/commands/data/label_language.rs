//! `label language`: several sets of labels of the data, their variables and values, one of which is in use ([D] label
//! language). The others are characteristics, which files keep: `_dta[_lang_list]`, `_dta[_lang_c]`, and for each language
//! that is not in use `[_lang_v_NAME]` (label) and `[_lang_l_NAME]` (name of the value labels).

use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;

const LIST: &str = "_lang_list";
const CURRENT: &str = "_lang_c";
/// Languages of one file.
const MOST: usize = 100;

/// Names of the languages and the one in use.
struct Languages {
    names: Vec<String>,
    current: String,
}

impl Languages {
    fn of(s: &Session) -> Self {
        let names: Vec<String> = s.frame.char("_dta", LIST).split_whitespace().map(str::to_string).collect();
        let current = s.frame.char("_dta", CURRENT).to_string();
        match names.contains(&current) {
            true => Self { names, current },
            false => Self { names: vec!["default".to_string()], current: "default".to_string() },
        }
    }

    fn keep(&self, s: &mut Session) {
        set(s, "_dta", LIST, &self.names.join(" "));
        set(s, "_dta", CURRENT, &self.current);
        s.frame.changed = true;
    }
}

/// Sets a characteristic, or removes it where the text is empty.
fn set(s: &mut Session, owner: &str, name: &str, text: &str) {
    let key = (owner.to_string(), name.to_string());
    match text {
        "" => s.frame.chars.remove(&key),
        text => s.frame.chars.insert(key, text.to_string()),
    };
}

fn keys(language: &str) -> [String; 2] {
    [format!("_lang_v_{language}"), format!("_lang_l_{language}")]
}

/// Puts the labels in use under the name of their language.
fn put_away(s: &mut Session, language: &str) {
    let [label, values] = keys(language);
    set(s, "_dta", &label, &s.frame.label.clone());
    for i in 0..s.frame.n_vars() {
        let v = s.frame.var(i);
        let (name, own, attached) = (v.name.clone(), v.label.clone(), v.value_label.clone());
        set(s, &name, &label, &own);
        set(s, &name, &values, &attached);
    }
}

/// Takes the labels of a language into use, and forgets its characteristics.
fn take(s: &mut Session, language: &str) {
    let [label, values] = keys(language);
    let found = |s: &mut Session, owner: &str, name: &str| -> String {
        s.frame.chars.remove(&(owner.to_string(), name.to_string())).unwrap_or_default()
    };
    s.frame.label = found(s, "_dta", &label);
    for i in 0..s.frame.n_vars() {
        let name = s.frame.var(i).name.clone();
        let (own, attached) = (found(s, &name, &label), found(s, &name, &values));
        let v = s.frame.var_mut(i);
        (v.label, v.value_label) = (own, attached);
    }
}

/// Forgets the labels of a language that is not in use.
fn forget(s: &mut Session, language: &str) {
    let gone = keys(language);
    s.frame.chars.retain(|(_, name), _| !gone.contains(name));
}

/// `label language [name [, new [copy] | rename | delete]]`.
pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let (name, options) = rest.split_once(',').unwrap_or((rest, ""));
    let name = name.trim();
    let options = words(options);
    if let Some(bad) = options.iter().find(|o| !["new", "copy", "rename", "delete"].contains(o)) {
        return Err(StataError::option_not_allowed(bad));
    }
    let has = |option: &str| options.contains(&option);
    let asked = ["new", "rename", "delete"].into_iter().filter(|o| has(o)).count();
    if asked > 1 || has("copy") && !has("new") {
        return Err(StataError::invalid(
            "options new, rename and delete are alternatives, copy goes with new",
        ));
    }
    let mut languages = Languages::of(s);
    if name.is_empty() {
        if asked > 0 {
            return Err(StataError::standard(100));
        }
        report(s, &languages);
        return Ok(());
    }
    if !is_valid_name(name) || name.chars().count() > 24 {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let known = languages.names.iter().any(|n| n == name);
    if has("new") || has("rename") {
        if known {
            return Err(StataError::new(110, format!("language {name} already exists")));
        }
    } else if !known {
        return Err(StataError::new(111, format!("language {name} not found")));
    }
    let current = languages.current.clone();
    match () {
        () if has("rename") => {
            languages.names.iter_mut().filter(|n| **n == current).for_each(|n| *n = name.to_string());
            languages.current = name.to_string();
        }
        () if has("new") => {
            if languages.names.len() >= MOST {
                return Err(StataError::invalid("too many languages"));
            }
            put_away(s, &current);
            if !has("copy") {
                // a language without characteristics has no labels
                take(s, name);
            }
            languages.names.push(name.to_string());
            languages.current = name.to_string();
        }
        () if has("delete") => {
            if languages.names.len() == 1 {
                return Err(StataError::invalid(format!("{name} is the only language")));
            }
            languages.names.retain(|n| n != name);
            if name == current {
                languages.current = languages.names[0].clone();
                take(s, &languages.names[0]);
                s.print(format!("({} is now the current language)", languages.current));
            } else {
                forget(s, name);
            }
        }
        () if name != current => {
            put_away(s, &current);
            take(s, name);
            languages.current = name.to_string();
        }
        () => return Ok(()),
    }
    languages.keep(s);
    store(s, &languages);
    Ok(())
}

fn store(s: &mut Session, languages: &Languages) {
    let mut r = Results::default();
    r.scalar("k", languages.names.len() as f64);
    r.text("languages", languages.names.join(" ")).text("language", languages.current.as_str());
    s.r = r;
}

fn report(s: &mut Session, languages: &Languages) {
    s.print("");
    s.print("Language for variable and value labels");
    s.print("");
    if let [only] = &languages.names[..] {
        s.print(format!(
            "    In this dataset, value and variable labels have been defined in only one language: {only}"
        ));
    } else {
        s.print("    Available languages:");
        languages.names.iter().for_each(|name| s.print(format!("            {name}")));
        s.print("");
        s.print(format!("    Currently set is:              label language {}", languages.current));
    }
    s.print("");
    store(s, languages);
}
