//! The versioned texts that are sent to a model. A change of a text is a new version.

use crate::domain::canonical::sha256_hex;

/// One text with the name that evidence records.
#[derive(Debug, Clone, Copy)]
pub struct Prompt {
    /// File name under `assets/prompts`.
    pub name: &'static str,
    /// The text, byte for byte as it is sent.
    pub text: &'static str,
}

/// How a draft is to be made.
pub const DRAFT: Prompt =
    Prompt { name: "draft.v2.md", text: include_str!("../../../../assets/prompts/draft.v2.md") };
/// The earlier text, for the evidence that names it.
const DRAFT_V1: Prompt =
    Prompt { name: "draft.v1.md", text: include_str!("../../../../assets/prompts/draft.v1.md") };
/// How a template is to be chosen.
pub const SELECTION: Prompt =
    Prompt { name: "selection.v1.md", text: include_str!("../../../../assets/prompts/selection.v1.md") };
/// How estimates are to be read.
pub const INTERPRETATION: Prompt = Prompt {
    name: "interpretation.v1.md",
    text: include_str!("../../../../assets/prompts/interpretation.v1.md"),
};
/// Message about an unusable answer.
pub const REPAIR: Prompt =
    Prompt { name: "repair.v1.md", text: include_str!("../../../../assets/prompts/repair.v1.md") };

/// Every text that a question may name, also those of earlier releases.
const ALL: [Prompt; 5] = [DRAFT_V1, DRAFT, SELECTION, INTERPRETATION, REPAIR];

/// Returns the text of this name.
pub fn by_name(name: &str) -> Option<Prompt> {
    ALL.into_iter().find(|prompt| prompt.name == name)
}

impl Prompt {
    /// SHA-256 of the text.
    pub fn sha256(&self) -> String {
        sha256_hex(self.text)
    }
}

/// Returns the repair text with the problems, one a line.
pub fn repair(problems: &[String]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("- {problem}")).collect();
    REPAIR.text.replace("{problems}", &lines.join("\n"))
}
