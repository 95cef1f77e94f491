//! `for listtype list [\ listtype list …] [, options]: command [\ command …]`, the loop of releases before `foreach`
//! (release 6, [R] for).

use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::session::{Flow, Session};
use crate::syntax::split::{front_and_options, quote_at, skip_quote, top_level_colon, unquote, words};
use crate::syntax::{numlist, varlist};

/// What stands for the item of the first, second … list where the list names nothing else.
const PLACES: [&str; 9] = ["X", "Y", "Z", "A", "B", "C", "D", "E", "F"];

/// A list with what stands for its items in the commands.
struct Items {
    place: String,
    items: Vec<String>,
}

/// The parts of a text between backslashes outside quotes.
fn parts(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut out, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        if quote_at(bytes, at) {
            at = skip_quote(bytes, at);
            continue;
        }
        if bytes[at] == b'\\' {
            out.push(text[start..at].trim());
            start = at + 1;
        }
        at += 1;
    }
    out.push(text[start..].trim());
    out
}

impl Session {
    /// Runs the command once for each item of the lists, which go side by side.
    pub(super) fn for_lists(&mut self, rest: &str) -> Result<Flow> {
        let colon = top_level_colon(rest).ok_or_else(StataError::syntax)?;
        let (head, commands) = (&rest[..colon], parts(&rest[colon + 1..]));
        let (lists, options) = front_and_options(head);
        let (mut header, mut dry, mut go_on) = (true, false, false);
        for option in options.split_whitespace() {
            match option {
                "noheader" => header = false,
                "dryrun" => dry = true,
                "nostop" => go_on = true,
                "pause" => return Err(StataError::unsupported_option("for", "pause")),
                other => return Err(StataError::option_not_allowed(other)),
            }
        }
        let lists = parts(lists);
        if lists.len() > PLACES.len() {
            return Err(StataError::standard(103));
        }
        let lists: Vec<Items> = lists
            .iter()
            .zip(PLACES)
            .map(|(text, place)| self.for_list(text, place))
            .collect::<Result<_>>()?;
        if lists.windows(2).any(|pair| pair[0].items.len() != pair[1].items.len()) {
            return Err(StataError::invalid("lists of for have different numbers of elements"));
        }
        for at in 0..lists[0].items.len() {
            for command in &commands {
                let pairs = lists.iter().map(|list| (&list.place, &list.items[at]));
                let line =
                    pairs.fold((*command).to_string(), |line, (place, item)| line.replace(place, item));
                if header {
                    self.out.line(&format!("\n->  {line}"));
                }
                match if dry { Ok(Flow::Next) } else { self.run_expanded(&line) } {
                    Ok(Flow::Next) => {}
                    Ok(other) => return Ok(other),
                    Err(error) if go_on => self.out.line(&format!("{}\nr({});", error.message, error.code)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Flow::Next)
    }

    /// `[name in] listtype list`.
    fn for_list(&self, text: &str, place: &str) -> Result<Items> {
        let mut text = text.trim();
        let mut place = place.to_string();
        let tokens = words(text);
        if let [name, "in", ..] = tokens[..] {
            place = name.to_string();
            let behind = text[name.len()..].trim_start();
            text = behind["in".len()..].trim_start();
        }
        let (kind, list) = text.split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
        let is = |full: &str| kind.len() >= 3 && full.starts_with(kind);
        let items = if is("varlist") {
            let found = varlist::resolve(&self.frame, list.trim(), self.settings.varabbrev)?;
            found.into_iter().map(|i| self.frame.var(i).name.clone()).collect()
        } else if is("newlist") {
            varlist::new_names(&self.frame, list.trim())?
        } else if is("numlist") {
            numlist::expand(list.trim())?.into_iter().map(macro_text).collect()
        } else if is("anylist") {
            words(list).into_iter().map(|word| unquote(word).to_string()).collect()
        } else {
            return Err(StataError::syntax());
        };
        Ok(Items { place, items })
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn commands_are_split_at_backslashes_outside_quotes() {
        assert_eq!(parts(r#"gen X = 1 \ di "a\b""#), ["gen X = 1", r#"di "a\b""#]);
    }
}
