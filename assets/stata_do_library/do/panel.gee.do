* panel.gee 1.1.0: population-averaged model of repeated measurements (generalised estimating equations).
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_family p_corr p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id')
if "`p_family'" == "binomial" {
    ss_binary `p_outcome'
}
if "`p_family'" == "poisson" {
    quietly count if ss_use & `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
ss_panel `p_panel_id' `p_time_var'
quietly keep if ss_use
xtset ss_panel ss_period
ss_clusters ss_panel
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients working handle
tempfile rows
local corr = cond("`p_corr'" == "ar1", "ar 1", "`p_corr'")
local force = cond("`p_corr'" == "ar1", "force", "")
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
capture noisily xtgee `p_outcome' `terms', family(`p_family') corr(`corr') vce(robust) `force' level(`p_level')
local rc = _rc
ss_check converge, fail(`rc' == 430) value(`rc')
if `rc' != 0 {
    error `rc'
}
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
matrix `working' = e(R)
ss_metric chi2 = e(chi2)
ss_metric n_groups = e(N_g)
local used = e(N)
postfile `handle' double distance double correlation using "`rows'"
local width = min(colsof(`working'), 10)
forvalues k = 2/`width' {
    post `handle' (`k' - 1) (el(`working', `k', 1))
}
postclose `handle'
ss_metric working_correlation = el(`working', 2, 1)
ss_event step name=estimate status=ok

ss_event step name=margins status=begin
tempname effects
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
ss_event step name=margins status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max chi2 p df_m phi) se(robust, clusters `p_panel_id') clusters(`p_panel_id') values(level `p_level')
if "`p_family'" == "gaussian" {
    ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') eform(exp_b) blank results indicators(`indicators')
}
else {
    ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') eform(exp_b) results indicators(`indicators')
}
ss_models_table using "table_margins.csv", models(observed `effects') column(prediction) equation(dydx) indicators(`indicators')
ss_export using "table_correlation.csv", rows("`rows'")
ss_label `p_outcome'
ss_coef_plot using "fig_margins.svg", table(`effects') level(`p_level') n(`used') se(robust standard errors) title(`"Marginal effects: `=r(text)'"') xtitle("Change of the expected outcome")
ss_event step name=export status=ok
