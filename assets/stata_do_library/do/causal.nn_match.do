* causal.nn_match 1.1.0: effect of a 0/1 treatment by matching on covariates, with exact matches and bias adjustment.
* Reads p_outcome p_treatment p_regressors p_exact p_neighbors p_metric p_bias p_estimand p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment' `p_regressors'
ss_sample `p_outcome' `p_treatment' `p_regressors' `p_exact', maxloss(0.2)
ss_linear_probability `p_outcome'
ss_binary `p_treatment'
quietly count if ss_use
local used = r(N)
quietly count if ss_use & `p_treatment' == 1
local treated = r(N)
local control = `used' - `treated'
local fewest = min(`treated', `control')
ss_check no_match, fail(`fewest' < `p_neighbors') value(`fewest')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname effects naive handle
tempfile rows
local options ""
if "`p_exact'" != "" {
    local options "`options' ematch(`p_exact')"
}
if `p_bias' == 1 {
    local options "`options' biasadj(`p_regressors')"
}
quietly summarize `p_outcome' if ss_use & `p_treatment' == 1
scalar `naive' = r(mean)
quietly summarize `p_outcome' if ss_use & `p_treatment' == 0
scalar `naive' = `naive' - r(mean)
capture noisily teffects nnmatch (`p_outcome' `p_regressors') (`p_treatment') if ss_use, `p_estimand' nneighbor(`p_neighbors') metric(`p_metric') `options' level(`p_level')
local code = _rc
ss_check no_match, fail(`code' == 459 | `code' == 4) value(`code')
if `code' != 0 {
    error `code'
}
matrix `effects' = r(table)
local most = e(k_nnmax)
ss_check ties_at_cut, warn(`most' > `p_neighbors') value(`most')
ss_metric effect = el(`effects', 1, 1)
ss_metric effect_se = el(`effects', 2, 1)
ss_metric naive = `naive'
ss_event metric name=n_treated value=`treated'
ss_event metric name=n_control value=`control'
local adjusted = cond(`p_bias' == 1, "bias-adjusted", "without bias adjustment")
postfile `handle' str32 term double estimate double std_error double statistic double p_value double ci_low double ci_high str244 note using "`rows'"
post `handle' ("`p_estimand'") (el(`effects', 1, 1)) (el(`effects', 2, 1)) (el(`effects', 3, 1)) (el(`effects', 4, 1)) (el(`effects', 5, 1)) (el(`effects', 6, 1)) ("Abadie-Imbens robust standard error; `p_neighbors' neighbours by `p_metric' distance, ties kept; `adjusted'")
post `handle' ("difference_of_means") (`naive') (.) (.) (.) (.) (.) ("unadjusted; for comparison")
postclose `handle'
ss_fit_table using "table_fit.csv", values(N `used' n_treated `treated' n_control `control' neighbors `p_neighbors' most_matches `most' level `p_level') se(Abadie-Imbens robust)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`rows'")
ss_label `p_treatment'
ss_balance using "table_balance.csv", plot("fig_balance.svg") title(`"Balance before and after matching: `=r(text)'"')
ss_metric worst_balance = r(worst)
ss_event step name=export status=ok
