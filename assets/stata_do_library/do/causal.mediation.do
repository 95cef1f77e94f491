* causal.mediation 1.1.2: how much of an effect runs through a mediator? Paths, indirect and direct effect (linear models).
* Reads p_outcome p_treatment(_fv) p_mediator p_controls(_fv) p_bootstrap p_reps p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment' `p_mediator'
ss_sample `p_outcome' `p_treatment' `p_mediator' `p_controls'
quietly summarize `p_treatment' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(1)
quietly summarize `p_mediator' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(2)
quietly count if ss_use
local n = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname total first second v1 v2 a b c d z handle va vb vc vd half row
tempfile paths effects
regress `p_outcome' `p_treatment' `p_controls_fv' if ss_use, vce(robust) level(`p_level')
matrix `total' = r(table)
local r2_total = e(r2)
regress `p_mediator' `p_treatment' `p_controls_fv' if ss_use, vce(robust) level(`p_level')
matrix `first' = r(table)
local r2_mediator = e(r2)
scalar `a' = _b[`p_treatment']
scalar `va' = _se[`p_treatment']^2
regress `p_outcome' `p_treatment' `p_mediator' `p_controls_fv' if ss_use, vce(robust) level(`p_level')
matrix `second' = r(table)
local r2_outcome = e(r2)
scalar `b' = _b[`p_mediator']
scalar `vb' = _se[`p_mediator']^2
scalar `c' = _b[`p_treatment']
scalar `vc' = _se[`p_treatment']^2
ss_check collinear, fail(`va' == 0 | `vb' == 0 | `vc' == 0) value(`vb')
tempname indirect se
* does the treatment change the effect of the mediator?
quietly regress `p_outcome' c.`p_treatment'##c.`p_mediator' `p_controls_fv' if ss_use, vce(robust)
quietly test c.`p_treatment'#c.`p_mediator'
local inter_f = r(F)
local inter_p = r(p)
ss_event step name=estimate status=ok

ss_event step name=decompose status=begin
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
scalar `indirect' = `a' * `b'
scalar `se' = sqrt(`a'^2 * `vb' + `b'^2 * `va')
postfile `handle' str32 effect double estimate double std_error double statistic double p_value double ci_low double ci_high str120 note using "`effects'"
post `handle' ("indirect") (`indirect') (`se') (`indirect' / `se') (2 * normal(-abs(`indirect' / `se'))) (`indirect' - `z' * `se') (`indirect' + `z' * `se') ("through the mediator; delta method (Sobel)")
* direct and total effect are coefficients of the second and the first regression, with their own errors
matrix `row' = `second'
post `handle' ("direct") (`c') (el(`row', 2, 1)) (el(`row', 3, 1)) (el(`row', 4, 1)) (el(`row', 5, 1)) (el(`row', 6, 1)) ("not through the mediator")
matrix `row' = `total'
post `handle' ("total") (el(`row', 1, 1)) (el(`row', 2, 1)) (el(`row', 3, 1)) (el(`row', 4, 1)) (el(`row', 5, 1)) (el(`row', 6, 1)) ("indirect plus direct")
post `handle' ("share_mediated") (`indirect' / (`indirect' + `c')) (.) (.) (.) (.) (.) ("indirect over total; of no use when the two have opposite signs")
* a product of two estimates is not normal: the joint test of both paths needs no such assumption
scalar `d' = max(2 * normal(-abs(`a' / sqrt(`va'))), 2 * normal(-abs(`b' / sqrt(`vb'))))
post `handle' ("joint_test") (.) (.) (.) (`d') (.) (.) ("larger p-value of the two paths; null: at least one path is zero")
post `handle' ("interaction") (.) (.) (`inter_f') (`inter_p') (.) (.) ("F of treatment by mediator; null: none, which the decomposition assumes")
postclose `handle'
ss_metric indirect = `indirect'
ss_metric direct = `c'
ss_metric total = `indirect' + `c'
ss_metric p_joint = `d'
if `p_bootstrap' == 1 {
    * both regressions on every resample: the product needs neither the normal distribution nor independent paths
    tempname resampled percentile corrected
    tempfile limits
    preserve
    quietly keep if ss_use
    bootstrap indirect=r(indirect) direct=r(direct) total=r(total), reps(`p_reps') nodots level(`p_level'): ss_paths `p_outcome' `p_treatment' `p_mediator', controls(`p_controls_fv')
    restore
    matrix `resampled' = e(se)
    matrix `percentile' = e(ci_percentile)
    matrix `corrected' = e(ci_bc)
    ss_check failed_reps, warn(e(N_misreps) > 0) value(e(N_misreps))
    postfile `handle' str32 effect double estimate double boot_error double percentile_low double percentile_high double corrected_low double corrected_high double reps using "`limits'"
    local j = 0
    foreach effect in indirect direct total {
        local j = `j' + 1
        post `handle' ("`effect'") (_b[`effect']) (el(`resampled', 1, `j')) (el(`percentile', 1, `j')) (el(`percentile', 2, `j')) (el(`corrected', 1, `j')) (el(`corrected', 2, `j')) (e(N_reps))
    }
    postclose `handle'
    ss_export using "table_bootstrap.csv", rows("`limits'")
}
ss_event step name=decompose status=ok

ss_event step name=export status=begin
ss_models_table using "table_paths.csv", models(total `total' mediator `first' outcome `second') focal(`p_treatment') column(model) equation(path)
ss_export using "table_effects.csv", rows("`effects'")
ss_fit_table using "table_fit.csv", se(robust) values(N `n' r2_total `r2_total' r2_mediator `r2_mediator' r2_with_mediator `r2_outcome' level `p_level')
ss_bar_plot using "fig_effects.svg", rows("`effects'") height(estimate) names(effect) condition(inlist(effect, "indirect", "direct", "total")) title("Effect and its parts") xtitle("Unit of the outcome") ytitle("") note("Mediator: `p_mediator'; N = `n'")
ss_event step name=export status=ok
