//! `reghdfe`: linear regression with several sets of absorbed effects. Numbers: `estimators::absorb_fit`.
//!
//! Degrees of freedom as Correia publishes them (help reghdfe): each pair of sets gives redundant effects by its
//! connected parts, sets nested within clusters do not count, rows that are alone in a group are dropped.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, note_weights, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::absorb_fit::{self, AbsorbedFit, Covariance};
use estimators::distributions::f_tail;
use estimators::panel::Units;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Absorb"),
    OptSpec::flag("noAbsorb"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag_or_text("RESiduals"),
    OptSpec::flag("KEEPSINgletons"),
    OptSpec::real("Level"),
    OptSpec::flag("noFOOTnote"),
    OptSpec::flag("noHEader"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
.unsupported(&[
    "GROUPvar",
    "SUMMarize",
    "DOFadjustments",
    "TOLerance",
    "ITERate",
    "Verbose",
    "TIMEit",
    "POOLsize",
    "ACCELeration",
    "TRANSForm",
    "PRUNE",
    "noREGress",
    "KEEPMATA",
    "noSAMPLE",
    "COMPACT",
    "noCONstant",
    "GROUP",
    "INDIVidual",
    "AGGREGation",
    "NOWARN",
    "EFORM",
    "BASElevels",
    "COEFLegend",
    "noTABle",
    "PRECONDitioner",
    "TECHnique",
]);

/// The variable of `residuals` without a name.
const RESIDUALS: &str = "_reghdfe_resid";

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "reghdfe",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "reghdfe depvar [indepvars] [if] [in] [weight], {absorb(varlist [a#b ...]) | noabsorb} [vce(unadjusted|robust|cluster varlist) residuals[(newvar)] keepsingletons level(#) noheader nofootnote]",
    notes: "stores e(N N_full num_singletons N_hdfe df_m df_r df_a F r2 r2_a r2_within r2_a_within rss mss tss tss_within rmse ll ll_0 rank N_clust N_clustervars N_clust1 ...), e(b), e(V), e(dof_table), absvars clustvar; predict gives xb; see reghdfe (SSC), Correia (2017)",
    examples: &[Example {
        // A balanced two-way layout: the slope is the one of the doubly centred columns.
        run: "set obs 6\ngen a = ceil(_n/2)\ngen b = mod(_n,2)\ngen x = _n == 1\ngen y = 3*x + 10*a + b\nreghdfe y x, absorb(a b)",
        expect: &[("_b[x]", 3.0), ("e(df_a)", 4.0), ("e(df_r)", 1.0), ("e(num_singletons)", 0.0)],
    }],
};

/// The warning that negative eigenvalues of a covariance were set to zero.
pub(super) const NOT_DEFINITE: &str = "Warning: VCV matrix was non-positive semi-definite; adjustment from \
    Cameron, Gelbach & Miller applied.";

/// Variables of an absorbed set or of clusters, with the name as it is shown.
pub(super) struct Grouping {
    pub(super) name: String,
    pub(super) variables: Vec<usize>,
}

/// Reads `i.a b a#b`: every item is one grouping. `command` and `what` name the option where an item is refused.
pub(super) fn groupings(s: &Session, text: &str, command: &str, what: &str) -> Result<Vec<Grouping>> {
    let refuse = |item: &str| StataError::unsupported_option(command, &format!("{what}({item})"));
    if let Some(i) = text.find(',') {
        return Err(refuse(text[i..].trim()));
    }
    let mut out: Vec<Grouping> = Vec::new();
    for item in text.split_whitespace() {
        if item.contains('=') || item.contains("##") || item.starts_with("c.") || item.contains("#c.") {
            return Err(refuse(item));
        }
        if item.contains('#') {
            let parts = item.split('#').map(|p| s.variable(p.trim_start_matches("i.")));
            let variables = parts.collect::<Result<Vec<_>>>()?;
            let name = |v: &usize| s.frame.var(*v).name.clone();
            out.push(Grouping { name: variables.iter().map(name).collect::<Vec<_>>().join("#"), variables });
            continue;
        }
        for variable in s.varlist(item.trim_start_matches("i."))? {
            out.push(Grouping { name: s.frame.var(variable).name.clone(), variables: vec![variable] });
        }
    }
    Ok(out)
}

pub(super) fn units(s: &Session, grouping: &Grouping, rows: &[usize]) -> Units {
    let own: Vec<Units> =
        grouping.variables.iter().map(|v| Units::new(number_groups(&s.frame, *v, rows).0)).collect();
    absorb_fit::intersection(&own.iter().collect::<Vec<_>>())
}

/// The covariance and its cluster variables.
pub(super) fn covariance(s: &Session, options: &Options, command: &str) -> Result<(VceSpec, Vec<Grouping>)> {
    let mut clusters = options.text("cluster").map(str::to_string);
    let mut robust = options.has("robust");
    if let Some(text) = options.text("vce") {
        let (kind, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        match kind {
            _ if kind.len() >= 2 && "cluster".starts_with(kind) => clusters = Some(rest.to_string()),
            _ if rest.is_empty() && !kind.is_empty() && "robust".starts_with(kind) => robust = true,
            _ if rest.is_empty() && kind.len() >= 2 && ("unadjusted".starts_with(kind) || kind == "ols") => {}
            _ => return Err(StataError::unsupported_option(command, &format!("vce({text})"))),
        }
    }
    match clusters {
        Some(text) if text.trim().is_empty() => Err(StataError::invalid("invalid vce() option")),
        Some(text) => Ok((VceSpec::Robust, groupings(s, &text, command, "cluster")?)),
        None => Ok((if robust { VceSpec::Robust } else { VceSpec::Default }, Vec::new())),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "reghdfe" {
        return display(s, cmd);
    }
    let absorbed = match cmd.options.text("absorb") {
        Some(text) => groupings(s, text, "reghdfe", "absorb")?,
        None if cmd.has("noabsorb") => Vec::new(),
        None => return Err(StataError::invalid("option absorb() or noabsorb required")),
    };
    let (vce, clustered) = covariance(s, &cmd.options, "reghdfe")?;
    let further = absorbed.iter().chain(&clustered).flat_map(|g| g.variables.clone()).collect();
    let mut model = Reading { further, vce: Some(vce), ..Reading::new(cmd) }.model(s)?.enough()?;
    let full = model.y.len();
    let all = |s: &Session, model: &Model, list: &[Grouping]| -> Vec<Units> {
        list.iter().map(|g| units(s, g, &model.design.rows)).collect()
    };
    if !cmd.has("keepsingletons") {
        let alone = absorb_fit::singletons(&all(s, &model, &absorbed));
        if !alone.is_empty() {
            let many = if alone.len() == 1 { "" } else { "s" };
            s.print(format!("(dropped {} singleton observation{many})", alone.len()));
            model.drop_rows(s, &alone)?;
            if model.y.is_empty() {
                return Err(StataError::new(2001, "insufficient observations"));
            }
        }
    }
    note_weights(s, &model);
    let mut sets = all(s, &model, &absorbed);
    if sets.is_empty() {
        sets.push(Units::new(vec![0; model.y.len()]));
    }
    let clusters = all(s, &model, &clustered);
    let kind = match (&model.vce, clusters.is_empty()) {
        (_, false) => Covariance::Clusters(&clusters),
        (VceSpec::Robust, _) => Covariance::Robust,
        _ if model
            .weights
            .as_ref()
            .is_some_and(|w| w.kind == estimators::weights::WeightKind::Probability) =>
        {
            Covariance::Robust
        }
        _ => Covariance::Classical,
    };
    let fit = absorb_fit::fit(&model.y, &model.columns(), model.weights.as_ref(), &sets, &kind)
        .map_err(fit_error)?;
    let omitted = model.omit(&fit.ols.basis.omitted);
    post::note_omitted(s, &omitted);
    if fit.repaired {
        s.print(NOT_DEFINITE);
    }
    let parameters =
        Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.ols.b, &fit.ols.v);
    let mut est = post::begin("reghdfe", &post::command_line(cmd), &parameters, &model);
    store(&mut est.results, &fit, full - model.y.len(), full);
    names(&mut est.results, &absorbed, &clustered, &fit);
    if cmd.has("residuals") {
        let own = cmd.options.text("residuals").map(str::trim).filter(|name| !name.is_empty());
        // without a name the variable of an earlier model gives way
        if let (None, Some(before)) = (own, s.frame.find(RESIDUALS)) {
            s.frame.drop_vars(&[before]);
        }
        let name = own.unwrap_or(RESIDUALS);
        let mut values = vec![MISSING; s.frame.n_rows()];
        model.design.rows.iter().zip(&fit.ols.residuals).for_each(|(r, e)| values[*r] = *e);
        s.frame.add(Variable::new(name, Column::Double(values)))?;
    }
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)
}

fn store(results: &mut Results, fit: &AbsorbedFit, singletons: usize, full: usize) {
    let ols = &fit.ols;
    let slopes: Vec<usize> = (0..ols.basis.kept.len()).collect();
    let test = wald::test_zero(&ols.b, &ols.v, &slopes);
    let f = if slopes.is_empty() { f64::NAN } else { test.f() };
    let (tss, within) = fit.total;
    let mean_square = ols.rss / fit.df_residual;
    results.scalar("N", ols.n).scalar("N_full", full as f64).scalar("num_singletons", singletons as f64);
    results.scalar("N_hdfe", fit.sets.len() as f64);
    results.scalar("df_m", ols.df_m).scalar("df_r", ols.df_r).scalar("df_a", fit.df_a);
    results.scalar("F", stata(f)).scalar("rank", ols.rank as f64);
    results
        .scalar("tss", tss)
        .scalar("tss_within", within)
        .scalar("rss", ols.rss)
        .scalar("mss", tss - ols.rss);
    results.scalar("r2", stata(1.0 - ols.rss / tss)).scalar("r2_within", stata(1.0 - ols.rss / within));
    results.scalar("r2_a", stata(1.0 - mean_square / (tss / (ols.n - 1.0))));
    let before = fit.df_residual + ols.df_m;
    results.scalar("r2_a_within", stata(1.0 - mean_square / (within / before)));
    results.scalar("rmse", mean_square.sqrt()).scalar("ll", stata(ols.ll)).scalar("ll_0", stata(ols.ll_0));
    let data = fit.sets.iter().flat_map(|(levels, lost, inside)| {
        [*levels as f64, *lost as f64, (levels - lost) as f64, f64::from(u8::from(*inside))]
    });
    let mut table = Matrix::new(fit.sets.len(), 4, data.collect());
    table.col_names = ["Categories", "Redundant", "Num_Coefs", "Nested"].map(Stripe::term).to_vec();
    results.matrix("dof_table", table);
}

fn names(results: &mut Results, absorbed: &[Grouping], clustered: &[Grouping], fit: &AbsorbedFit) {
    let list = |all: &[Grouping]| all.iter().map(|g| g.name.as_str()).collect::<Vec<_>>().join(" ");
    let absvars = if absorbed.is_empty() { "_cons".to_string() } else { list(absorbed) };
    if let Some(table) = results.matrices.get("dof_table") {
        let mut table = table.clone();
        table.row_names = absvars.split_whitespace().map(Stripe::term).collect();
        results.matrix("dof_table", table);
    }
    results.text("absvars", absvars.as_str()).text("extended_absvars", absvars);
    results.text("title", "HDFE Linear regression").text("model", "ols").text("predict", "reghdfe_p");
    if !clustered.is_empty() {
        results.text("vce", "cluster").text("vcetype", "Robust").text("clustvar", list(clustered));
        let smallest = fit.clusters.iter().copied().min().unwrap_or(0);
        results.scalar("N_clust", smallest as f64).scalar("N_clustervars", clustered.len() as f64);
        for (k, (grouping, count)) in clustered.iter().zip(&fit.clusters).enumerate() {
            results.text(&format!("clustvar{}", k + 1), grouping.name.as_str());
            results.scalar(&format!("N_clust{}", k + 1), *count as f64);
        }
    }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let e = &s.e.results;
        let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
        let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
        let tail = if is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
        let facts = [
            Fact::observations(scalar("N")),
            Fact::statistic("F", &[df_m, df_r], f),
            Fact::probability("Prob > F", tail),
            Fact::probability("R-squared", scalar("r2")),
            Fact::probability("Adj R-squared", scalar("r2_a")),
            Fact::probability("Within R-sq.", scalar("r2_within")),
            Fact::new("Root MSE", "%9.4f", scalar("rmse")),
        ];
        let sets = scalar("N_hdfe");
        let mut left = vec![
            "HDFE Linear regression".to_string(),
            format!("Absorbing {sets} HDFE group{}", if sets == 1.0 { "" } else { "s" }),
        ];
        for k in 1..=scalar("N_clustervars").min(5.0) as usize {
            if let Some(name) = e.get_text(&format!("clustvar{k}")) {
                left.push(format!("Number of clusters ({name}) = {}", scalar(&format!("N_clust{k}"))));
            }
        }
        s.print("");
        show(s, &left, &facts, 17, 9);
    }
    s.print("");
    show_active(s, level, None)?;
    if !cmd.has("nofootnote") {
        footnote(s);
    }
    Ok(())
}

/// The table of absorbed degrees of freedom.
fn footnote(s: &mut Session) {
    let Some(table) = s.e.results.matrices.get("dof_table").cloned() else { return };
    s.print("");
    s.print("Absorbed degrees of freedom:");
    s.print("-----------------------------------------------------+");
    s.print(" Absorbed FE | Categories  - Redundant  = Num. Coefs |");
    s.print("-------------+---------------------------------------|");
    let mut inside = false;
    for (i, name) in table.row_names.iter().enumerate() {
        let mark = if table.get(i, 3) == 1.0 { "*" } else { " " };
        inside |= mark == "*";
        s.print(format!(
            "{:>12} |{:>10} {:>12} {:>12}    {mark}|",
            format::abbrev(&name.name, 12),
            table.get(i, 0),
            table.get(i, 1),
            table.get(i, 2)
        ));
    }
    s.print("-----------------------------------------------------+");
    if inside {
        s.print("* = FE nested within cluster; treated as redundant for DoF computation");
    }
}
