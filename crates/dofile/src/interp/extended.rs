//! Extended macro functions (manual [P] macro): `: word count`, `: list`,
//! `: variable label`, `: type`, `: colnames` and so on.

use super::extended_more::is_of_matrix;
use super::reader::first_word;
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::split::{self, front_and_options, matching_paren, unquote};

/// What stands behind the word `label`, which may be as short as `lab`.
fn behind_label(text: &str) -> Option<&str> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word.len() >= 3 && "label".starts_with(word)).then(|| rest.trim())
}

impl Session {
    /// The text of an extended function, given without the colon.
    pub(super) fn extended_function(&mut self, text: &str) -> Result<String> {
        let word = first_word(text);
        let rest = text[word.len()..].trim();
        match word {
            "word" => self.word_function(rest),
            "list" => self.list_function(rest),
            "variable" | "var" => {
                let name = behind_label(rest).ok_or_else(StataError::syntax)?;
                let i = self.variable(name)?;
                Ok(self.frame.var(i).label.clone())
            }
            "value" | "val" => {
                let name = behind_label(rest).ok_or_else(StataError::syntax)?;
                let i = self.variable(name)?;
                Ok(self.frame.var(i).value_label.clone())
            }
            "data" if behind_label(rest) == Some("") => Ok(self.frame.label.clone()),
            "label" | "lab" => self.label_function(rest),
            "type" => {
                let i = self.variable(rest)?;
                Ok(self.frame.var(i).data.storage_type().name())
            }
            "format" => {
                let i = self.variable(rest)?;
                Ok(self.frame.var(i).format.clone())
            }
            "sortedby" => Ok(self.frame.sorted_by.join(" ")),
            "char" => self.char_function(rest),
            "length" | "strlen" | "ustrlen" | "udstrlen" => Ok(self.length_function(word, rest)),
            "subinstr" => self.subinstr_function(rest),
            "permname" => Ok(self.permname_function(rest)),
            "tsnorm" => Self::tsnorm_function(rest),
            "display" | "di" => crate::commands::language::display_text(self, rest),
            "properties" => Ok(String::new()),
            word if is_of_matrix(word) => self.matrix_function(word, rest),
            "r" | "e" | "s" | "sysdir" | "constraint" | "environment" | "env" | "dir" => {
                self.other_function(word, rest)
            }
            "piece" => self.piece_function(rest),
            "upper" | "lower" | "proper" => {
                let f = if word == "upper" { str::to_uppercase } else { str::to_lowercase };
                Ok(f(rest))
            }
            "copy" => {
                let (class, name) = rest.split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
                let name = name.trim();
                Ok(if "global".starts_with(class) { self.global(name) } else { self.local(name) }.to_string())
            }
            "all" => self.all_function(rest),
            "tempvar" | "tempfile" | "pwd" => self.other_function(word, rest),
            _ => Err(StataError::invalid(format!("{word} unrecognized extended macro function"))),
        }
    }

    fn word_function(&mut self, rest: &str) -> Result<String> {
        let (what, list) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if what == "count" {
            return Ok(split::words(list).len().to_string());
        }
        let (of, list) = list.trim().split_once(char::is_whitespace).unwrap_or((list.trim(), ""));
        if of != "of" {
            return Err(StataError::syntax());
        }
        let k = self.eval_num(what)?;
        let words = split::words(list);
        let pick = if k >= 1.0 { words.get(k as usize - 1) } else { None };
        Ok(pick.map_or(String::new(), |w| unquote(w).to_string()))
    }

    fn list_function(&mut self, rest: &str) -> Result<String> {
        let words_of = |s: &Self, name: &str| -> Vec<String> {
            let text = match name.trim().strip_prefix("global(").and_then(|n| n.strip_suffix(')')) {
                Some(g) => s.global(g.trim()),
                None => s.local(name.trim()),
            };
            split::words(text).into_iter().map(String::from).collect()
        };
        let first = first_word(rest);
        let tail = rest[first.len()..].trim();
        let join = |v: Vec<String>| v.join(" ");
        match first {
            "uniq" => {
                let mut seen = std::collections::HashSet::new();
                Ok(join(words_of(self, tail).into_iter().filter(|w| seen.insert(w.clone())).collect()))
            }
            "dups" => {
                let mut seen = std::collections::HashSet::new();
                Ok(join(words_of(self, tail).into_iter().filter(|w| !seen.insert(w.clone())).collect()))
            }
            "sort" => {
                let mut v = words_of(self, tail);
                v.sort();
                Ok(join(v))
            }
            "clean" | "retokenize" => Ok(join(words_of(self, tail))),
            "sizeof" => Ok(words_of(self, tail).len().to_string()),
            "posof" => {
                let inner = split::words(tail);
                let [what, "in", name] = inner[..] else { return Err(StataError::syntax()) };
                let at = words_of(self, name).iter().position(|w| w == unquote(what));
                Ok(at.map_or(0, |k| k + 1).to_string())
            }
            _ => {
                let ops = ["===", "==", "|", "&", "-", " in "];
                let (op, a, b) = ops
                    .iter()
                    .find_map(|op| rest.split_once(op).map(|(a, b)| (*op, a, b)))
                    .ok_or_else(StataError::syntax)?;
                let (a, b) = (words_of(self, a), words_of(self, b));
                let flag = |x: bool| u8::from(x).to_string();
                Ok(match op {
                    "|" => {
                        let extra: Vec<String> = b.into_iter().filter(|w| !a.contains(w)).collect();
                        let mut all = a;
                        for w in extra {
                            if !all.contains(&w) {
                                all.push(w);
                            }
                        }
                        join(all)
                    }
                    "&" => join(a.into_iter().filter(|w| b.contains(w)).collect()),
                    "-" => join(a.into_iter().filter(|w| !b.contains(w)).collect()),
                    "==" => flag(a == b),
                    "===" => {
                        let (mut a, mut b) = (a, b);
                        a.sort();
                        b.sort();
                        flag(a == b)
                    }
                    _ => flag(a.iter().all(|w| b.contains(w))),
                })
            }
        }
    }

    /// `label valuelabel # [#]` or `label (var) #`.
    fn label_function(&mut self, rest: &str) -> Result<String> {
        let (rest, options) = front_and_options(rest);
        let strict = options.starts_with("str");
        let words = split::words(rest);
        let (name, value) = (words.first().copied().unwrap_or(""), words.get(1).copied().unwrap_or(""));
        let set = match name.strip_prefix('(').and_then(|n| n.strip_suffix(')')) {
            Some(var) => {
                let i = self.variable(var.trim())?;
                self.frame.var(i).value_label.clone()
            }
            None => name.to_string(),
        };
        if value == "maxlength" {
            let longest =
                |l: &crate::frame::ValueLabel| l.iter().map(|(_, t)| t.chars().count()).max().unwrap_or(0);
            return Ok(self.frame.value_labels.get(&set).map_or(0, longest).to_string());
        }
        let x = self.eval_num(value)?;
        let text = self.frame.value_labels.get(&set).and_then(|l| l.get(x)).map(String::from);
        let text = text.unwrap_or_else(|| if strict { String::new() } else { format::macro_text(x) });
        match words.get(2) {
            Some(n) => Ok(text.chars().take(self.eval_num(n)?.max(0.0) as usize).collect()),
            None => Ok(text),
        }
    }

    fn char_function(&mut self, rest: &str) -> Result<String> {
        let open = rest.find('[').ok_or_else(StataError::syntax)?;
        let owner = rest[..open].trim();
        let owner = if owner == "_dta" {
            owner.to_string()
        } else {
            self.frame.var(self.variable(owner)?).name.clone()
        };
        let inside = rest[open + 1..].trim_end().strip_suffix(']').ok_or_else(StataError::syntax)?.trim();
        if inside.is_empty() {
            let names = self.frame.chars.keys().filter(|(o, _)| *o == owner).map(|(_, n)| n.as_str());
            return Ok(names.collect::<Vec<_>>().join(" "));
        }
        Ok(self.frame.char(&owner, inside).to_string())
    }

    fn other_function(&mut self, word: &str, rest: &str) -> Result<String> {
        Ok(match word {
            "r" | "e" | "s" => {
                let r = match word {
                    "r" => &self.r,
                    "e" => &self.e.results,
                    _ => &self.s,
                };
                match rest {
                    "(scalars)" => r.scalars.iter().map(|(n, _)| n).collect::<Vec<_>>().join(" "),
                    "(macros)" => r.macros.iter().map(|(n, _)| n).collect::<Vec<_>>().join(" "),
                    "(matrices)" => r.matrices.iter().map(|(n, _)| n).collect::<Vec<_>>().join(" "),
                    "(functions)" => {
                        if word == "e" && self.e.sample.is_some() { "sample" } else { "" }.to_string()
                    }
                    _ => {
                        let name = rest.trim_start_matches('(').trim_end_matches(')');
                        r.get_text(name)
                            .map(String::from)
                            .or_else(|| r.get_scalar(name).map(format::macro_text))
                            .unwrap_or_default()
                    }
                }
            }
            "pwd" => self.cwd.display().to_string(),
            "tempvar" => self.temporary_name(),
            "tempfile" => self.temporary_file(),
            "dir" => crate::commands::language::directory_list(self, rest)?,
            // the number of a constraint, or `dir` for the numbers of all
            "constraint" => {
                let table = crate::estimation::constraints::table(self);
                match rest.trim() {
                    "dir" => table.keys().map(i64::to_string).collect::<Vec<_>>().join(" "),
                    number => {
                        let number = self.eval_num(number)? as i64;
                        table.get(&number).cloned().unwrap_or_default()
                    }
                }
            }
            // Codewords stand for no folder here; another word is the folder itself.
            "sysdir" => match unquote(rest.trim()) {
                "STATA" | "BASE" | "SITE" | "PLUS" | "PERSONAL" | "OLDPLACE" | "UPDATES" | "" => {
                    String::new()
                }
                folder => format!("{}/", folder.trim_end_matches('/')),
            },
            // A run has no environment: every variable is one that is not set.
            "environment" | "env" => String::new(),
            _ => {
                return Err(StataError::invalid(format!(
                    "extended macro function {word} is not supported by the open engine"
                )));
            }
        })
    }
}

/// Splits `(inner) rest` of a text that starts with a parenthesis.
pub(crate) fn parenthesised(text: &str) -> Option<(&str, &str)> {
    let end = matching_paren(text, 0).filter(|_| text.starts_with('('))?;
    Some((text[1..end].trim(), text[end + 1..].trim()))
}
