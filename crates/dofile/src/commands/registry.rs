//! The table of all commands: finds a command by its name and lists the commands for the documentation.

use super::{ByRule, CommandSpec, Form, SearchOptions};
use super::{
    community, data, describe, documented, documents, epidemiology, estat, estimation, exchange, graphics,
    imputation, inference, language, latent, likelihood, limited, meta, multivariate, nonlinear,
    nonparametric, panel, predict, prefix, quantile, shrinkage, spatial, survey, survival, systems,
    timeseries, treatment,
};

/// The commands that pass their subcommands on to the families.
const POSTESTIMATION: &[CommandSpec] = &[estat::SPEC, predict::SPEC];

const TABLES: [&[CommandSpec]; 29] = [
    language::TABLE,
    prefix::TABLE,
    data::TABLE,
    describe::TABLE,
    estimation::TABLE,
    POSTESTIMATION,
    graphics::TABLE,
    imputation::TABLE,
    exchange::TABLE,
    latent::TABLE,
    likelihood::TABLE,
    limited::TABLE,
    meta::TABLE,
    documents::TABLE,
    panel::TABLE,
    timeseries::TABLE,
    treatment::TABLE,
    multivariate::TABLE,
    nonlinear::TABLE,
    nonparametric::TABLE,
    shrinkage::TABLE,
    spatial::TABLE,
    survey::TABLE,
    survival::TABLE,
    systems::TABLE,
    quantile::TABLE,
    epidemiology::TABLE,
    inference::TABLE,
    community::TABLE,
];

/// All commands.
pub fn all() -> impl Iterator<Item = &'static CommandSpec> {
    TABLES.into_iter().flatten()
}

/// Finds a command by its name or an allowed abbreviation.
pub fn find(word: &str) -> Option<&'static CommandSpec> {
    let initial = usize::from(*word.as_bytes().first()?);
    let known = &BY_INITIAL.commands[BY_INITIAL.starts[initial]..BY_INITIAL.starts[initial + 1]];
    let named = known.iter().find(|c| c.name == word);
    named.or_else(|| known.iter().find(|c| word.len() >= c.min && c.name.starts_with(word))).copied()
}

/// Number of all commands.
const COUNT: usize = {
    let (mut count, mut t) = (0, 0);
    while t < TABLES.len() {
        count += TABLES[t].len();
        t += 1;
    }
    count
};

/// The commands by the first byte of their names, in the order of the tables: every line of a do-file looks for one.
struct ByInitial {
    commands: [&'static CommandSpec; COUNT],
    /// Where the commands of each byte begin; the last one is the number of all.
    starts: [usize; 257],
}

static BY_INITIAL: ByInitial = by_initial();

/// Sorts by counting.
const fn by_initial() -> ByInitial {
    let mut starts = [0; 257];
    let (mut t, mut i) = (0, 0);
    while t < TABLES.len() {
        if i == TABLES[t].len() {
            (t, i) = (t + 1, 0);
            continue;
        }
        starts[TABLES[t][i].name.as_bytes()[0] as usize + 1] += 1;
        i += 1;
    }
    let mut byte = 1;
    while byte < starts.len() {
        starts[byte] += starts[byte - 1];
        byte += 1;
    }
    let mut next = starts;
    let mut commands = [&TABLES[0][0]; COUNT];
    (t, i) = (0, 0);
    while t < TABLES.len() {
        if i == TABLES[t].len() {
            (t, i) = (t + 1, 0);
            continue;
        }
        let place = &mut next[TABLES[t][i].name.as_bytes()[0] as usize];
        commands[*place] = &TABLES[t][i];
        *place += 1;
        i += 1;
    }
    ByInitial { commands, starts }
}

/// How `by` runs a command.
pub fn by_rule(word: &str) -> Option<ByRule> {
    find(word).map(|c| c.by)
}

/// Options of coefficient tables that commands with one take without declaring them (`interp/table_options.rs`).
pub const TABLE_OPTIONS: &[&str] = &[
    "BASElevels",
    "ALLBASElevels",
    "noOMITted",
    "noEMPTYcells",
    "VSQUISH",
    "LSTRETCH",
    "noLSTRETCH",
    "COEFLegend",
    "noCI",
    "noPVALues",
    "noFVLABel",
    "FVWRAP",
    "FVWRAPON",
    "CFORMAT",
    "PFORMAT",
    "SFORMAT",
];

/// Options of the tables of comparisons.
const COMPARISON_OPTIONS: &[&str] = &[
    "VSQUISH",
    "LSTRETCH",
    "noLSTRETCH",
    "noFVLABel",
    "FVWRAP",
    "FVWRAPON",
    "CFORMAT",
    "PFORMAT",
    "SFORMAT",
];

/// Options of coefficient tables that only some commands have.
pub const TABLE_EXTRAS: &[&str] = &["DEPname", "PLus"];

/// Options of [R] Maximize that change neither the maximum nor the results: what is printed during the search, and how it
/// goes. The engine's own search is used whatever they say; its criteria are at least as strict as Stata's defaults.
pub const SEARCH_OPTIONS: &[&str] = &[
    "TRace",
    "GRADient",
    "SHOWSTEP",
    "HESSian",
    "SHOWTOLerance",
    "NONRTOLerance",
    "NOCNSReport",
    "CNSReport",
    "DIFficult",
    "TECHnique",
    "TOLerance",
    "LTOLerance",
    "NRTOLerance",
    "GTOLerance",
    "noLOG",
    "LOG",
];

/// Options that `estimation::likelihood::maximise` applies.
pub const MAXIMISED_OPTIONS: &[&str] = &["CONSTraints", "FROM", "COLlinear"];

/// The shared options that a command takes without declaring them, of tables and of the search.
pub fn shared_options(command: &CommandSpec) -> Vec<&'static str> {
    let mut taken = Vec::new();
    let Form::Standard(syntax) = command.form else { return taken };
    let names = undeclared_options(command);
    let documented = |o: &&&str| {
        let option = o.to_lowercase();
        names.split(' ').any(|name| name.trim_end_matches("()") == option)
    };
    if has_coefficient_table(command) {
        taken.extend(TABLE_OPTIONS.iter().chain(TABLE_EXTRAS.iter().filter(documented)));
    }
    if matches!(command.name, "contrast" | "pwcompare") {
        taken.extend(COMPARISON_OPTIONS);
    }
    match syntax.search {
        SearchOptions::Full => taken.extend(SEARCH_OPTIONS.iter().chain(MAXIMISED_OPTIONS)),
        SearchOptions::Display => taken.extend(SEARCH_OPTIONS),
        SearchOptions::Undeclared => taken.extend(SEARCH_OPTIONS.iter().filter(documented)),
    }
    taken
}

/// Options that a command refuses by name: those of its declaration, and those of the manual that it does not take.
pub fn refused_options(command: &CommandSpec) -> String {
    let names = undeclared_options(command);
    let shared: Vec<String> = shared_options(command).iter().map(|o| o.to_lowercase()).collect();
    let refused = |name: &&str| !shared.iter().any(|o| o == name.trim_end_matches("()"));
    names.split_whitespace().filter(refused).collect::<Vec<_>>().join(" ")
}

/// Whether a command prints a coefficient table whose options it does not declare itself. Lists of variables have some of
/// these options too, but no formats of coefficients.
pub fn has_coefficient_table(command: &CommandSpec) -> bool {
    // their tables are their own, without these options
    const OTHERS: &[&str] = &["contrast", "pwcompare", "vec"];
    if OTHERS.contains(&command.name) {
        return false;
    }
    if let Form::Standard(syntax) = command.form
        && syntax.coefficient_table
    {
        return true;
    }
    undeclared_options(command).split(' ').any(|name| name.trim_end_matches("()") == "cformat")
}

/// Options of the manual that the declaration of a command does not take.
pub fn undeclared_options(command: &CommandSpec) -> String {
    let Form::Standard(syntax) = command.form else { return String::new() };
    let mut names: Vec<String> = syntax.unsupported.iter().map(|o| o.to_lowercase()).collect();
    for option in documented::options_of(command.name) {
        let name = option.trim_end_matches("()").to_lowercase();
        let taken = syntax.options.iter().any(|spec| spec.full_name() == name);
        if !taken && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" ")
}

/// A table of all commands with their syntax, as Markdown; the page of supported commands is made from it.
pub fn list_commands() -> String {
    let mut specs: Vec<&CommandSpec> = all().collect();
    specs.sort_by_key(|c| c.name);
    let mut out = String::from(
        "| command | abbreviation | syntax | options refused by name | notes |\n|---|---|---|---|---|\n",
    );
    for c in specs {
        let refused = refused_options(c);
        let cell = |s: &str| s.replace('|', "\\|").replace('\n', " ");
        out.push_str(&format!(
            "| `{}` | `{}` | `{}` | {} | {} |\n",
            c.name,
            &c.name[..c.min],
            cell(c.syntax),
            cell(&refused),
            cell(c.notes)
        ));
    }
    out
}
