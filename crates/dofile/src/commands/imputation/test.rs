//! `mi test`: a joint test of coefficients after `mi estimate` that assumes equal fractions of missing information
//! ([MI] mi test; Li, Raghunathan and Rubin 1991; Reiter 2007).

use crate::error::{Result, StataError};
use crate::estimation::post::{kernel, stata};
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::rubin::Pooled;

pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let (rest, option) = rest.split_once(',').unwrap_or((rest, ""));
    let large = match option.trim() {
        "" => false,
        "nosmall" => true,
        _ => return Err(StataError::unsupported_command("mi test with options but nosmall")),
    };
    if rest.contains(['=', '(']) {
        return Err(StataError::unsupported_command("mi test with expressions"));
    }
    let results = &s.e.results;
    let found = |name: &str| results.matrices.get(name);
    let (Some(b), Some(within), Some(between)) = (found("b_mi"), found("W_mi"), found("B_mi")) else {
        return Err(StataError::new(301, "last mi estimates not found"));
    };
    let positions = positions(b, within, rest)?;
    let names: Vec<String> = positions.iter().map(|p| b.col_names[*p].full()).collect();
    let pooled = Pooled {
        b: b.values().to_vec(),
        v: kernel(within),
        within: kernel(within),
        between: kernel(between),
        increase: Vec::new(),
        missing: Vec::new(),
        df: Vec::new(),
        m: results.get_scalar("M_mi").unwrap_or(f64::NAN),
        complete: results.get_scalar("df_c_mi").filter(|_| !large),
    };
    let test = pooled.test_zero(&positions).ok_or_else(|| StataError::standard(506))?;
    let finite = test.df_residual.is_finite();
    let p =
        if finite { f_tail(test.df, test.df_residual, test.f) } else { chi2_tail(test.df, test.df * test.f) };
    s.print("");
    s.print("note: assuming equal fractions of missing information");
    s.print("");
    for (k, name) in names.iter().enumerate() {
        s.print(format!(" ({:>2})  {name} = 0", k + 1));
    }
    let degrees = format::bare("%6.1f", stata(test.df_residual));
    s.print("");
    s.print(format!("       F({:>3},{degrees}) ={}", test.df, format::bare("%8.2f", test.f)));
    s.print(format!("{:>20} = {}", "Prob > F", format::bare("%9.4f", p)));
    let mut r = Results::default();
    r.scalar("F", stata(test.f))
        .scalar("df", test.df)
        .scalar("df_r", stata(test.df_residual))
        .scalar("p", stata(p));
    s.r = r;
    Ok(())
}

/// Positions of the coefficients in a list, `x` or `equation:x`; without a list those of the first equation.
fn positions(b: &Matrix, within: &Matrix, list: &str) -> Result<Vec<usize>> {
    let first = b.col_names.first().map(|stripe| stripe.eq.clone()).unwrap_or_default();
    let estimated = |p: &usize| within.get(*p, *p) > 0.0;
    let all = || (0..b.cols()).filter(estimated);
    let wanted = words(list);
    let found: Vec<usize> = if wanted.is_empty() {
        all().filter(|p| b.col_names[*p].eq == first && b.col_names[*p].name != "_cons").collect()
    } else {
        let place = |name: &&str| {
            let is_it = |p: &usize| {
                let stripe = &b.col_names[*p];
                (stripe.name == **name && stripe.eq == first) || stripe.full() == **name
            };
            all().find(is_it).ok_or_else(|| StataError::new(111, format!("{name} not found")))
        };
        wanted.iter().map(place).collect::<Result<_>>()?
    };
    if found.is_empty() { Err(StataError::standard(100)) } else { Ok(found) }
}
