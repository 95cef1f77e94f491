* linear.frontier 1.0.0: stochastic frontier of output or cost, with the technical efficiency of every row.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_distribution p_cost p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "robust", "robust", "oim")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local kind = cond(`p_cost' == 1, "cost", "")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
* inefficiency pulls residuals down (costs: up); without that skewness the model finds none
tempvar residual
quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
quietly predict double `residual' if ss_use, residuals
quietly summarize `residual' if ss_use, detail
local skewness = r(skewness)
local wrong = cond(`p_cost' == 1, `skewness' < 0, `skewness' > 0)
ss_check boundary, warn(`wrong') value(`skewness')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all coefficients handle
capture noisily frontier `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, distribution(`p_distribution') `kind' vce(`vce') level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric sigma_u = e(sigma_u)
ss_metric sigma_v = e(sigma_v)
local last = colsof(`all') - 2
matrix `coefficients' = `all'[1..., 1..`last']
tempfile parts
postfile `handle' str32 component double estimate double std_error double ci_low double ci_high double statistic double p_value str120 note using "`parts'"
forvalues k = 1/2 {
    local column = `last' + `k'
    local name = cond(`k' == 1, "sigma_v", "sigma_u")
    local note = cond(`k' == 1, "standard deviation of noise", "spread of inefficiency")
    local value = exp(el(`all', 1, `column') / 2)
    post `handle' ("`name'") (`value') (`value' / 2 * el(`all', 2, `column')) (exp(el(`all', 5, `column') / 2)) (exp(el(`all', 6, `column') / 2)) (.) (.) ("`note'")
}
if "`vce'" == "oim" {
    post `handle' ("lr_test") (.) (.) (.) (.) (e(chi2_c)) (0.5 * chi2tail(1, e(chi2_c))) ("null: no inefficiency")
}
postclose `handle'
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N ll chi2 p df_m sigma_u sigma_v) se(`vce') values(skewness `skewness' level `p_level')
ss_event step name=estimate status=ok

ss_event step name=efficiency status=begin
quietly predict double ss_efficiency if ss_use, te
quietly summarize ss_efficiency if ss_use, detail
tempname spread
tempfile efficiency
postfile `spread' double n double mean double sd double min double p25 double p50 double p75 double max using "`efficiency'"
post `spread' (r(N)) (r(mean)) (r(sd)) (r(min)) (r(p25)) (r(p50)) (r(p75)) (r(max))
postclose `spread'
ss_metric mean_efficiency = r(mean)
ss_event step name=efficiency status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_export using "table_components.csv", rows("`parts'")
ss_export using "table_efficiency.csv", rows("`efficiency'")
ss_label `p_outcome'
local name = r(text)
ss_source
twoway (histogram ss_efficiency if ss_use, color("0 114 178%60")), title(`"Technical efficiency: `macval(name)'"') xtitle("Efficiency (1 on the frontier; above 1 for costs)") ytitle("Density") legend(off) ///
    note("N = `used'; `p_distribution' inefficiency; `r(engine)'")
ss_figure using "fig_efficiency.svg"
ss_event step name=export status=ok
