* limited.interval 1.0.0: regression of an outcome that is known in brackets, such as income classes.
* Reads p_low p_high p_regressors(_fv) p_controls(_fv) p_log_outcome p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_low' `p_high'
ss_sample `p_regressors' `p_controls', strok(`p_cluster_vars') nometric
* a missing end is open; both missing says nothing
quietly replace ss_use = 0 if missing(`p_low') & missing(`p_high')
quietly count if ss_use
local n = r(N)
ss_event metric name=n_used value=`n'
ss_check no_obs, fail(`n' == 0) value(`n') row(2)
quietly count if ss_use & `p_low' > `p_high' & !missing(`p_low') & !missing(`p_high')
ss_check bounds_order, fail(r(N) > 0) value(r(N))
quietly generate double ss_low = `p_low' if ss_use
quietly generate double ss_high = `p_high' if ss_use
if `p_log_outcome' == 1 {
    quietly count if ss_use & ((`p_low' < 0 & !missing(`p_low')) | (`p_high' <= 0 & !missing(`p_high')))
    ss_check neg_values, fail(r(N) > 0) value(r(N))
    quietly replace ss_low = cond(`p_low' > 0, ln(`p_low'), .) if ss_use
    quietly replace ss_high = ln(`p_high') if ss_use
}
* one bracket for all rows says nothing about differences
quietly egen long ss_bracket = group(ss_low ss_high) if ss_use, missing
quietly summarize ss_bracket if ss_use, meanonly
ss_check one_level, fail(r(min) == r(max)) value(r(max))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all coefficients
intreg ss_low ss_high `p_regressors_fv' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
local last = colsof(`all') - 1
matrix `coefficients' = `all'[1..., 1..`last']
ss_metric ll = e(ll)
ss_metric sigma = e(sigma)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N N_unc N_lc N_rc N_int ll chi2 p df_m sigma) se(`vce') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results equation(outcome)
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(standard errors: `vce') title("Interval regression") xtitle("Estimate with `p_level'% interval")
ss_event step name=export status=ok
