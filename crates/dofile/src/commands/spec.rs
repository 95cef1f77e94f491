//! How a command declares itself.

use crate::error::{Result, StataError};
use crate::session::{Echo, Flow, Session};
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};

/// How `by` runs a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByRule {
    /// Not allowed.
    No,
    /// Once for each group, with `Session::by` set to its rows.
    EachGroup,
    /// Once; the command reads `Session::by_positions` itself.
    Whole,
}

/// Syntax of a command after its name.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// The text as it is, in `ParsedCommand::raw`.
    Raw,
    /// The standard syntax.
    Standard(&'static StandardSyntax),
}

/// Whether `using` is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Using {
    /// Not allowed.
    No,
    /// Allowed.
    Optional,
    /// Needed.
    Required,
}

/// Which parts of the standard syntax a command takes.
#[derive(Debug, Clone, Copy)]
pub struct StandardSyntax {
    /// `= exp` is allowed.
    pub exp: bool,
    /// `if` and `in` are allowed.
    pub if_in: bool,
    /// Kinds of weights that are allowed, the first one is the default.
    pub weights: &'static [WeightKind],
    /// `using`.
    pub using: Using,
    /// Options that work.
    pub options: &'static [OptSpec],
    /// Options that Stata has and this engine refuses by name.
    pub unsupported: &'static [&'static str],
    /// The command prints a coefficient table and takes the options of [R] Estimation options.
    pub coefficient_table: bool,
    /// Which options of [R] Maximize the command takes.
    pub search: SearchOptions,
}

/// Options of the search for a maximum ([R] Maximize) that a command takes without declaring them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOptions {
    /// None.
    Undeclared,
    /// Those that only say how to search and what to print meanwhile.
    Display,
    /// Those too that `estimation::likelihood::maximise` applies: `constraints()`, `from()`, `collinear`, `vce(opg)` and
    /// `technique(bhhh)`.
    Full,
}

/// No refused options.
pub const UNSUPPORTED_NOTHING: &[&str] = &[];

impl StandardSyntax {
    /// `varlist [if] [in] [, options]`.
    pub const fn new(options: &'static [OptSpec]) -> Self {
        Self {
            exp: false,
            if_in: true,
            weights: &[],
            using: Using::No,
            options,
            unsupported: UNSUPPORTED_NOTHING,
            coefficient_table: false,
            search: SearchOptions::Undeclared,
        }
    }

    /// The same without `if` and `in`.
    pub const fn whole(options: &'static [OptSpec]) -> Self {
        Self { if_in: false, ..Self::new(options) }
    }

    /// Allows weights.
    pub const fn weights(self, weights: &'static [WeightKind]) -> Self {
        Self { weights, ..self }
    }

    /// Allows `= exp`.
    pub const fn exp(self) -> Self {
        Self { exp: true, ..self }
    }

    /// Sets the rule for `using`.
    pub const fn using(self, using: Using) -> Self {
        Self { using, ..self }
    }

    /// The command prints a coefficient table: `coeflegend`, `noci`, `baselevels`, `cformat()` and so on work.
    pub const fn coefficient_table(self) -> Self {
        Self { coefficient_table: true, ..self }
    }

    /// The command searches a maximum on its own: options that only say how, or what to print, are taken.
    pub const fn searched(self) -> Self {
        Self { search: SearchOptions::Display, ..self.coefficient_table() }
    }

    /// The command searches by `estimation::likelihood::maximise`: constraints and starting values work too.
    pub const fn maximised(self) -> Self {
        Self { search: SearchOptions::Full, ..self.coefficient_table() }
    }

    /// Names options that are refused as not supported.
    pub const fn unsupported(self, unsupported: &'static [&'static str]) -> Self {
        Self { unsupported, ..self }
    }

    /// Refuses parts that the command does not take.
    pub fn check(&self, cmd: &ParsedCommand) -> Result<()> {
        if !self.if_in {
            cmd.refuse_selection()?;
        }
        match (&cmd.using, self.using) {
            (Some(_), Using::No) => return Err(StataError::new(101, "using not allowed")),
            (None, Using::Required) => return Err(StataError::new(100, "using required")),
            _ => {}
        }
        if let Some(w) = &cmd.weight {
            if self.weights.is_empty() {
                return cmd.refuse_weight();
            }
            if let Some(kind) = w.kind
                && !self.weights.contains(&kind)
            {
                return Err(StataError::new(101, format!("{}s not allowed", kind.name())));
            }
        }
        Ok(())
    }
}

/// A do-file snippet with values that must hold after it ran; the test
/// `examples_hold` runs all of them.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Do-file text.
    pub run: &'static str,
    /// Expression and the value it must have, within the relative tolerance 1e-7.
    pub expect: &'static [(&'static str, f64)],
}

/// Declaration of a command.
#[derive(Debug, Clone, Copy)]
pub struct CommandSpec {
    /// Full name.
    pub name: &'static str,
    /// Length of the shortest abbreviation.
    pub min: usize,
    /// Its syntax.
    pub form: Form,
    /// How `by` runs it.
    pub by: ByRule,
    /// Runs it.
    pub run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    /// Syntax diagram for the documentation.
    pub syntax: &'static str,
    /// Stored results, and the source of the formulas.
    pub notes: &'static str,
    /// Examples that are tests.
    pub examples: &'static [Example],
}

impl CommandSpec {
    /// A command that reads its text itself, outside of `by`. Notes and examples are empty; a declaration sets
    /// them.
    pub const fn raw(
        name: &'static str,
        min: usize,
        run: fn(&mut Session, &ParsedCommand) -> Result<()>,
        syntax: &'static str,
    ) -> Self {
        Self { name, min, form: Form::Raw, by: ByRule::No, run, syntax, notes: "", examples: &[] }
    }
}

/// Interface of commands to the interpreter. It lies above the commands and implements this trait for the session, so
/// that no command imports it.
pub trait Interpreter {
    /// Finds a command by its name or an allowed abbreviation.
    fn command(&self, word: &str) -> Option<&'static CommandSpec>;

    /// Runs the text of a do-file in the current scope.
    fn run_text(&mut self, text: &str, echo: Echo) -> Result<Flow>;
    /// The same, but commands that fail are reported and do not stop it.
    fn run_text_to_end(&mut self, text: &str, echo: Echo) -> Result<Flow>;

    /// Runs a command, prefixes included, whose macros are substituted.
    fn run_expanded(&mut self, text: &str) -> Result<Flow>;

    /// Returns a text with its macros substituted.
    fn substituted(&mut self, text: &str) -> Result<String>;

    /// Returns the value of an extended macro function, `: word count ...`.
    fn extended_function(&mut self, text: &str) -> Result<String>;

    /// Runs the statement `syntax` in a program.
    fn syntax_statement(&mut self, pattern: &str) -> Result<()>;
}
