//! Stored results and output common to all survey estimates: sizes of the sample and population, the design, the
//! covariance under simple random sampling, and the header.

use super::design::SurveyRows;
use crate::estimation::design::SurveyDesign;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::survey::adjusted_wald;
use estimators::wald::Wald;

/// Covariance of the design from linearised values (without weights, zero outside the subpopulation), summed over the
/// stages; nothing but missing values when a stratum has one unit.
pub(super) fn covariance(rows: &SurveyRows, linearised: &[Vec<f64>]) -> Mat {
    let weighted: Vec<Vec<f64>> = linearised
        .iter()
        .map(|d| about_poststrata(rows, d).iter().zip(&rows.weights).map(|(d, w)| d * w).collect())
        .collect();
    let p = linearised.len();
    let mut total = Mat::from_fn(p, p, |_, _| 0.0);
    for stage in std::iter::once(&rows.units).chain(&rows.later) {
        let Some(v) = stage.covariance(&weighted, rows.declared.single_unit()) else {
            return Mat::from_fn(p, p, |_, _| 0.0);
        };
        total = Mat::from_fn(p, p, |i, j| total[(i, j)] + v[(i, j)]);
    }
    total
}

/// The design for commands after a linearised fit; nothing for poststrata, whose weights are not those of the data.
pub(super) fn kept(rows: &SurveyRows) -> Option<SurveyDesign> {
    let rows = rows.poststratum.is_none().then(|| rows.clone())?;
    Some(SurveyDesign::new(rows.inside.clone(), move |sample, values| {
        if sample != rows.rows {
            return None;
        }
        let column = |c: usize| {
            let each = rows.weights.iter().enumerate();
            each.map(|(i, w)| values[(i, c)] / w).collect::<Vec<f64>>()
        };
        Some(covariance(&rows, &(0..values.cols()).map(column).collect::<Vec<_>>()))
    }))
}

/// Linearised values less their mean in the poststratum of the row; as they are without poststrata.
fn about_poststrata(rows: &SurveyRows, values: &[f64]) -> Vec<f64> {
    let Some(group) = &rows.poststratum else { return values.to_vec() };
    let count = group.iter().max().map_or(0, |g| *g as usize + 1);
    let (mut sums, mut sizes) = (vec![0.0; count], vec![0.0; count]);
    for ((x, w), g) in values.iter().zip(&rows.weights).zip(group) {
        sums[*g as usize] += w * x;
        sizes[*g as usize] += w;
    }
    values.iter().zip(group).map(|(x, g)| x - sums[*g as usize] / sizes[*g as usize]).collect()
}

/// The factor of a finite population for a simple random sample without replacement, one without `fpc()`.
pub(super) fn finite_population(rows: &SurveyRows) -> f64 {
    let share = rows.rows.len() as f64 / rows.sizes().1;
    if rows.declared.fpc.is_empty() { 1.0 } else { 1.0 - share }
}

/// Whether some stage has a stratum with one unit that is not a census of it.
fn alone(rows: &SurveyRows) -> bool {
    std::iter::once(&rows.units).chain(&rows.later).any(|stage| stage.single() > 0)
}

/// Stores sizes, design and design effects; `stripe` names the parameters, `v` and `with_replacement`, the covariances of the
/// design and of simple random sampling with replacement, are of those at `places`.
pub(super) fn store(
    r: &mut Results,
    rows: &SurveyRows,
    with_replacement: &Mat,
    v: &Mat,
    stripe: &[Stripe],
    places: &[usize],
) {
    let (n_sub, population, subpopulation) = rows.sizes();
    r.scalar("N", rows.rows.len() as f64).scalar("N_pop", population);
    if rows.subpop {
        r.scalar("N_sub", n_sub).scalar("N_subpop", subpopulation);
    }
    r.scalar("N_strata", rows.units.strata() as f64)
        .scalar("N_psu", rows.units.units() as f64)
        .scalar("N_strata_omit", rows.empty_strata as f64)
        .scalar("singleton", f64::from(u8::from(alone(rows))))
        .scalar("N_strata_single", rows.units.single() as f64)
        .scalar("N_strata_certain", rows.units.certain() as f64)
        .scalar("df_r", rows.df())
        .scalar("stages", 1.0 + rows.later.len() as f64);
    let d = &rows.declared;
    for (name, text) in [
        ("wtype", d.weight_kind.as_str()),
        ("wvar", d.weight.as_str()),
        ("strata1", d.strata.as_str()),
        ("su1", if d.unit == "_n" { "" } else { d.unit.as_str() }),
        ("fpc1", d.fpc.as_str()),
        ("singleunit", d.single.as_str()),
        ("poststrata", d.poststrata.as_str()),
        ("postweight", d.postweight.as_str()),
    ] {
        if !text.is_empty() {
            r.text(name, text);
        }
    }
    if let Some(group) = &rows.poststratum {
        r.scalar("N_poststrata", group.iter().max().map_or(0.0, |g| f64::from(*g) + 1.0));
    }
    if !d.weight.is_empty() {
        r.text("wexp", format!("= {}", d.weight));
    }
    r.text("prefix", "svy").text("vce", "linearized").text("vcetype", "Linearized");
    let finite = finite_population(rows);
    let mut full = vec![0.0; stripe.len() * stripe.len()];
    let (mut deff, mut deft) = (vec![MISSING; stripe.len()], vec![MISSING; stripe.len()]);
    for (i, p) in places.iter().enumerate() {
        for (j, q) in places.iter().enumerate() {
            full[p * stripe.len() + q] = finite * with_replacement[(i, j)];
        }
        deff[*p] = stata(v[(i, i)] / (finite * with_replacement[(i, i)]));
        deft[*p] = stata((v[(i, i)] / with_replacement[(i, i)]).sqrt());
    }
    r.matrix(if d.fpc.is_empty() { "V_srs" } else { "V_srswor" }, Matrix::square(full, stripe.to_vec()));
    r.matrix("deff", Matrix::row_vector(deff, stripe.to_vec()));
    r.matrix("deft", Matrix::row_vector(deft, stripe.to_vec()));
}

/// Stores the Wald test of the slopes with its statistic adjusted for the degrees of freedom of the design.
pub(super) fn store_model_test(r: &mut Results, test: &Wald, design_df: f64) {
    let (f, df2) = adjusted_wald(test.chi2, test.df, design_df);
    let known = test.df > 0 && df2 > 0.0;
    r.scalar("df_m", test.df as f64)
        .scalar("F", if known { stata(f) } else { MISSING })
        .scalar("p", if known { stata(f_tail(test.df as f64, df2, f)) } else { MISSING });
}

/// The test of the model as facts of the header: F adjusted for the design, or chi-squared without its degrees of freedom.
pub(super) fn model_test(s: &Session) -> Vec<(String, String)> {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (k, d) = (scalar("df_m"), scalar("df_r"));
    match s.e.results.get_scalar("chi2").filter(|_| is_missing(d)) {
        Some(chi2) => vec![
            (format!("Wald chi2({k})"), format::bare("%9.2f", chi2)),
            ("Prob > chi2".to_string(), format::bare("%6.4f", scalar("p"))),
        ],
        None => vec![
            (format!("F({k}, {})", format::bare("%9.0g", d - k + 1.0)), format::bare("%9.2f", scalar("F"))),
            ("Prob > F".to_string(), format::bare("%6.4f", scalar("p"))),
        ],
    }
}

/// Prints the title and the sizes of the active survey estimates, further facts on the right below them.
pub(super) fn header(s: &mut Session, title: &str, further: &[(String, String)]) {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let count = |x: f64| format::bare("%11.0fc", x);
    let whole = |x: f64| if x.fract() == 0.0 { count(x) } else { format::bare("%11.0gc", x) };
    let mut right: Vec<(String, String)> = vec![
        ("Number of obs".into(), count(scalar("N"))),
        ("Population size".into(), whole(scalar("N_pop"))),
    ];
    if s.e.results.get_scalar("N_sub").is_some() {
        right.push(("Subpop. no. obs".into(), count(scalar("N_sub"))));
        right.push(("Subpop. size".into(), whole(scalar("N_subpop"))));
    }
    if s.e.results.get_scalar("N_reps").is_some() {
        right.push(("Replications".into(), count(scalar("N_reps"))));
    }
    if s.e.results.get_scalar("df_r").is_some() {
        right.push(("Design df".into(), count(scalar("df_r"))));
    }
    right.extend(further.iter().cloned());
    let mut left = vec![("Number of strata", scalar("N_strata")), ("Number of PSUs", scalar("N_psu"))];
    if s.e.results.get_scalar("N_poststrata").is_some() {
        left.push(("N. of poststrata", scalar("N_poststrata")));
    }
    let left: Vec<(&str, String)> =
        left.into_iter().map(|(label, x)| (label, format::bare("%9.0fc", x))).collect();
    // Numbers take the room of the longest one of their side; the header is as wide as the table.
    let longest = |lengths: Vec<usize>| lengths.into_iter().max().unwrap_or(0);
    let first = longest(left.iter().map(|(_, value)| value.len()).collect());
    let second = longest(right.iter().map(|(_, value)| value.len()).collect());
    let whole_width = if matches!(s.e.cmd(), "mean" | "total" | "ratio" | "proportion") { 62 } else { 78 };
    let lead = whole_width - 18 - second;
    s.print("");
    if !title.is_empty() {
        s.print(title);
        s.print("");
    }
    for (i, (label, value)) in right.iter().enumerate() {
        let left =
            left.get(i).map_or(String::new(), |(label, value)| format!("{label:<16} = {value:>first$}"));
        s.print(format!("{left:<lead$}{label:<15} = {value:>second$}"));
    }
    s.print("");
}

/// Notes under the table.
pub(super) fn notes(s: &mut Session) {
    let e = &s.e.results;
    let omitted = e.get_scalar("N_strata_omit").unwrap_or(0.0);
    let single = e.get_scalar("singleton") == Some(1.0);
    let treated = e.get_text("singleunit").unwrap_or("missing").to_string();
    if omitted > 0.0 {
        let plural = if omitted == 1.0 { "stratum" } else { "strata" };
        s.print(format!("Note: {omitted} {plural} omitted because they contain no subpopulation members."));
    }
    if single {
        s.print(match treated.as_str() {
            "certainty" => "Note: Strata with single sampling unit treated as certainty units.",
            "scaled" => {
                s.print("Note: Variance scaled to handle strata with a single sampling unit.");
                return;
            }
            "centered" => "Note: Strata with single sampling unit centered at overall mean.",
            _ => "Note: Missing standard errors because of stratum with single sampling unit.",
        });
    }
}
