//! Extended macro functions of matrices, of parsing and of names ([P] macro).

use crate::error::{Result, StataError};
use crate::expr::functions;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::blanks::first_blank;
use crate::syntax::split::{self, front_and_options, unquote};
use unicode_width::UnicodeWidthStr;

/// The functions of a matrix.
const OF_MATRIX: [&str; 18] = [
    "colnames",
    "rownames",
    "colfullnames",
    "rowfullnames",
    "collfnames",
    "rowlfnames",
    "coleq",
    "roweq",
    "colnumb",
    "rownumb",
    "coleqnumb",
    "roweqnumb",
    "colsof",
    "rowsof",
    "colnfreeparms",
    "rownfreeparms",
    "colnlfs",
    "rownlfs",
];

/// Whether a function is one of a matrix.
pub(super) fn is_of_matrix(word: &str) -> bool {
    OF_MATRIX.contains(&word)
}

/// A number that an option gives, `name(#)`.
fn number_of(options: &str, name: &str) -> Option<usize> {
    let inner = options.trim().strip_prefix(name)?.trim_start();
    inner.strip_prefix('(')?.strip_suffix(')')?.trim().parse().ok()
}

impl Session {
    /// `rownames A`, `coleq A, quoted`, `colnumb A x` and so on.
    pub(super) fn matrix_function(&mut self, word: &str, rest: &str) -> Result<String> {
        let (rest, options) = front_and_options(rest);
        let words = split::words(rest);
        let name = words.first().copied().unwrap_or("");
        let m = self.matrix(name).ok_or_else(|| StataError::not_found(name))?;
        let stripes = if word.starts_with("row") { &m.row_names } else { &m.col_names };
        let free = |s: &Stripe| s.eq == "/";
        // A free parameter has no colon: `/sigma_u`.
        let full = |s: &Stripe| if free(s) { format!("/{}", s.name) } else { s.full() };
        let equation = |s: &Stripe| if s.eq.is_empty() { "_".to_string() } else { s.eq.clone() };
        let all = "quoted".starts_with(options) && !options.is_empty();
        let quoted = |s: String| if all || s.contains(' ') { format!("`\"{s}\"'") } else { s };
        let list = |of: &dyn Fn(&Stripe) -> String| -> String {
            stripes.iter().map(|s| quoted(of(s))).collect::<Vec<_>>().join(" ")
        };
        let label = unquote(words.get(1).copied().unwrap_or(""));
        let number = |at: Option<usize>| at.map_or(".".to_string(), |k| (k + 1).to_string());
        Ok(match &word[3..] {
            "names" => list(&|s| s.name.clone()),
            "fullnames" | "lfnames" => list(&full),
            "eq" => list(&equation),
            "sof" => if word == "rowsof" { m.rows() } else { m.cols() }.to_string(),
            "nfreeparms" => stripes.iter().filter(|s| free(s)).count().to_string(),
            "nlfs" => {
                let mut names: Vec<&str> =
                    stripes.iter().filter(|s| !free(s)).map(|s| s.eq.as_str()).collect();
                names.dedup();
                names.len().to_string()
            }
            "eqnumb" => {
                let mut names: Vec<String> = stripes.iter().map(equation).collect();
                names.dedup();
                number(names.iter().position(|eq| eq == label.trim_end_matches(':')))
            }
            _ => {
                number(stripes.iter().position(|s| s.name == label || s.full() == label || full(s) == label))
            }
        })
    }

    /// The text of `local name` or `global name`, or the text itself.
    pub(super) fn macro_argument(&self, rest: &str) -> String {
        let (class, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match class {
            "local" | "loc" => self.local(name.trim()).to_string(),
            "global" | "glo" => self.global(name.trim()).to_string(),
            _ => unquote(rest).to_string(),
        }
    }

    /// `strlen`, `ustrlen` and `udstrlen`: bytes, characters and columns of a macro.
    pub(super) fn length_function(&self, word: &str, rest: &str) -> String {
        let text = self.macro_argument(rest);
        let n = match word {
            "ustrlen" => text.chars().count(),
            "udstrlen" => text.width(),
            _ => text.len(),
        };
        n.to_string()
    }

    /// `subinstr local name "from" "to" [, all word count({local|global} name)]`.
    pub(super) fn subinstr_function(&mut self, rest: &str) -> Result<String> {
        let (main, options) = front_and_options(rest);
        let words = split::words(main);
        let [class, name, from, to] = words[..] else { return Err(StataError::syntax()) };
        let text = self.macro_argument(&format!("{class} {name}"));
        let (from, to) = (unquote(from), unquote(to));
        let (flags, counter) = match options.find("count(") {
            Some(at) => {
                let end = options[at..].find(')').map_or(options.len(), |k| at + k);
                (
                    format!("{} {}", &options[..at], &options[(end + 1).min(options.len())..]),
                    options.get(at + 6..end),
                )
            }
            None => (options.to_string(), None),
        };
        let has = |flag: &str| flags.split_whitespace().any(|w| w == flag);
        let most = if has("all") { crate::value::MISSING } else { 1.0 };
        let replaced = functions::replace_text(&text, from, to, most, has("word"));
        if let Some(counter) = counter {
            // the number of changes is that of the marks which stand for them
            let mark = "\u{1}";
            let marked = functions::replace_text(&text, from, mark, most, has("word"));
            let count = (marked.matches(mark).count() - text.matches(mark).count()).to_string();
            match counter.split_whitespace().collect::<Vec<_>>()[..] {
                ["global" | "glo", name] => self.set_global(name, count),
                ["local" | "loc", name] => self.set_local(name, count),
                _ => return Err(StataError::syntax()),
            }
        }
        Ok(replaced)
    }

    /// `piece # # of "text" [, nobreak]`: the text in pieces of a length, broken at blanks; a word that is longer than a
    /// piece is broken too, unless `nobreak` is given.
    pub(super) fn piece_function(&mut self, rest: &str) -> Result<String> {
        let (rest, options) = front_and_options(rest);
        let (k, rest) = first_blank(rest.trim());
        let (width, rest) = first_blank(rest);
        let ("of", text) = first_blank(rest) else { return Err(StataError::syntax()) };
        let (k, width) = (self.eval_num(k)? as usize, self.eval_num(width)?.max(1.0) as usize);
        let mut pieces: Vec<String> = Vec::new();
        for word in unquote(text.trim()).split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            if pieces.last().is_some_and(|p| p.chars().count() + 1 + word.len() <= width) {
                let last = pieces.last_mut().into_iter();
                last.for_each(|p| p.extend(std::iter::once(' ').chain(word.iter().copied())));
                continue;
            }
            while word.len() > width && !(options.starts_with("nobr")) {
                pieces.push(word.drain(..width).collect());
            }
            pieces.push(word.into_iter().collect());
        }
        Ok(pieces.get(k.wrapping_sub(1)).cloned().unwrap_or_default())
    }

    /// `permname name [, length(#)]`: a name of no variable, made of the one that is suggested.
    pub(super) fn permname_function(&self, rest: &str) -> String {
        let (name, options) = front_and_options(rest);
        let length = number_of(options, "length").unwrap_or(32).clamp(8, 32);
        let stem: String = functions::valid_name(name.trim()).chars().take(length).collect();
        let numbered = |k: usize| {
            let k = k.to_string();
            stem.chars().take(length - k.len()).collect::<String>() + &k
        };
        std::iter::once(stem.clone())
            .chain((1..).map(numbered))
            .find(|name| self.frame.find(name).is_none())
            .unwrap_or_default()
    }

    /// `all {globals|matrices|scalars|numeric scalars|string scalars} [pattern]`: names in order.
    pub(super) fn all_function(&self, rest: &str) -> Result<String> {
        let words = split::words(rest);
        let (what, pattern) = match words[..] {
            ["numeric" | "string", "scalars", ..] => (words[0], words.get(2)),
            [what, ..] => (what, words.get(1)),
            [] => return Err(StataError::syntax()),
        };
        let numeric = |wanted: bool| {
            let kept =
                self.scalars.iter().filter(|(_, x)| matches!(x, crate::value::Value::Num(_)) == wanted);
            kept.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let mut names: Vec<String> = match what {
            "scalars" => self.scalars.keys().cloned().collect(),
            "numeric" => numeric(true),
            "string" => numeric(false),
            "matrices" => self.matrices.keys().cloned().collect(),
            "globals" => self.globals.keys().cloned().collect(),
            _ => return Err(StataError::syntax()),
        };
        if let Some(pattern) = pattern {
            names.retain(|name| crate::syntax::varlist::wildcard(unquote(pattern), name));
        }
        names.sort();
        Ok(names.join(" "))
    }

    /// `tsnorm text [, varname]`: time-series operators in their canonical form.
    pub(super) fn tsnorm_function(rest: &str) -> Result<String> {
        let (text, options) = front_and_options(rest);
        let text = text.trim();
        let (operators, name) = match options {
            "" => (text.trim_end_matches('.'), None),
            _ => match text.rsplit_once('.') {
                Some((operators, name)) => (operators, Some(name)),
                None => return Ok(text.to_string()),
            },
        };
        let canonical = crate::syntax::canonical_operators(operators)?;
        Ok(match (canonical.is_empty(), name) {
            (_, None) => canonical,
            (true, Some(name)) => name.to_string(),
            (false, Some(name)) => format!("{canonical}.{name}"),
        })
    }
}
