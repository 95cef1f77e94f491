//! Which of the shared idioms a do-file needs: a run gets these, not the whole folder.

use std::collections::{BTreeMap, BTreeSet};

/// Names of idioms and their texts.
pub type Idioms = BTreeMap<String, Vec<u8>>;

/// Least length of a part of a name that a macro completes: shorter ones are indexed variables (`x`i'`) and apostrophes.
const LEAST_PART: usize = 3;

/// Which idioms each idiom may call.
#[derive(Debug, Clone, Default)]
pub struct CallGraph(BTreeMap<String, Vec<String>>);

impl CallGraph {
    /// Reads the texts of all idioms.
    pub fn of(idioms: &Idioms) -> Self {
        let calls = |text: &[u8]| called(&Words::of(text), idioms).map(str::to_owned).collect();
        Self(idioms.iter().map(|(name, text)| (name.clone(), calls(text))).collect())
    }

    /// Returns the idioms that a do-file can reach: those whose names are words of it or of an idiom that it reaches, and
    /// every file that is no program. A word that a macro continues (`plot_`kind'`) stands for every idiom that begins with
    /// it, a word that continues a macro for every one that ends with it. `idioms` are those that the graph was made of.
    pub fn reached<'a>(&self, do_file: &[u8], idioms: &'a Idioms) -> Vec<(&'a str, &'a [u8])> {
        let mut found: BTreeSet<&str> =
            idioms.keys().map(String::as_str).filter(|name| program(name).is_none()).collect();
        let mut open: Vec<&str> = called(&Words::of(do_file), idioms).collect();
        while let Some(name) = open.pop() {
            if let Some((name, _)) = idioms.get_key_value(name)
                && found.insert(name)
            {
                open.extend(self.0.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        found.into_iter().map(|name| (name, idioms[name].as_slice())).collect()
    }
}

/// The idioms that a text with these words may call.
fn called<'a>(words: &Words<'_>, idioms: &'a Idioms) -> impl Iterator<Item = &'a str> {
    let names = idioms.keys().map(String::as_str);
    names.filter(|name| program(name).is_some_and(|program| words.call(program)))
}

/// Returns the name of the program in a file.
fn program(file: &str) -> Option<&str> {
    file.strip_suffix(".ado")
}

/// The words of a text.
#[derive(Default)]
struct Words<'a> {
    whole: BTreeSet<&'a [u8]>,
    /// Directly before a macro.
    starts: BTreeSet<&'a [u8]>,
    /// Directly after a macro.
    ends: BTreeSet<&'a [u8]>,
}

impl<'a> Words<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut words = Self::default();
        let mut at = 0;
        for word in text.split(|byte| !is_of_word(*byte)).filter(|word| !word.is_empty()) {
            let from = at + offset(&text[at..], word);
            let (before, after) = (from.checked_sub(1).map(|i| text[i]), text.get(from + word.len()));
            at = from + word.len();
            words.whole.insert(word);
            if word.len() < LEAST_PART {
                continue;
            }
            if after.is_some_and(|byte| b"`$".contains(byte)) {
                words.starts.insert(word);
            }
            if before.is_some_and(|byte| b"'}".contains(&byte)) {
                words.ends.insert(word);
            }
        }
        words
    }

    /// True if the text may call the program.
    fn call(&self, program: &str) -> bool {
        let name = program.as_bytes();
        self.whole.contains(name)
            || self.starts.iter().any(|start| name.starts_with(start))
            || self.ends.iter().any(|end| name.ends_with(end))
    }
}

/// Where a part of a text begins in it.
fn offset(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idioms() -> Idioms {
        let texts = [
            ("ss_fit.ado", "program ss_fit\n  ss_save\nend"),
            ("ss_save.ado", "program ss_save\nend"),
            ("ss_bar_plot.ado", "program ss_bar_plot\n  ss_figure\nend"),
            ("ss_line_plot.ado", "program ss_line_plot\n  ss_figure\nend"),
            ("ss_figure.ado", "program ss_figure\nend"),
            ("scheme-ss.scheme", "color background white"),
        ];
        texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
    }

    fn names(do_file: &str) -> Vec<String> {
        CallGraph::of(&idioms())
            .reached(do_file.as_bytes(), &idioms())
            .into_iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn idioms_and_those_that_they_call_are_reached_and_no_others() {
        assert_eq!(names("regress y x"), ["scheme-ss.scheme"]);
        assert_eq!(names("regress y x\nss_fit, id(a)"), ["scheme-ss.scheme", "ss_fit.ado", "ss_save.ado"]);
        assert_eq!(names("di \"ss_fit\""), ["scheme-ss.scheme", "ss_fit.ado", "ss_save.ado"]);
        assert_eq!(names("ss_fitted x_ss_fit"), ["scheme-ss.scheme"]);
    }

    #[test]
    fn names_that_macros_make_are_reached() {
        let both = ["scheme-ss.scheme", "ss_bar_plot.ado", "ss_figure.ado", "ss_line_plot.ado"];
        assert_eq!(names("foreach k in bar line {\n  ss_`k'_plot x\n}").len(), idioms().len());
        assert_eq!(names("`prefix'_plot x"), both);
        assert_eq!(names("${prefix}_plot x"), both);
        assert_eq!(names("ss_bar$kind x"), ["scheme-ss.scheme", "ss_bar_plot.ado", "ss_figure.ado"]);
        assert_eq!(names("gen s`i' = 1 // isn't a call"), ["scheme-ss.scheme"]);
    }
}
