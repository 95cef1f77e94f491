* panel.first_difference 1.1.0: regression of changes on changes, with clustered errors and tests of serial correlation.
* Reads p_outcome p_regressors p_controls p_panel_id p_time_var p_trend p_cluster_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id' `p_cluster_var') nometric
ss_linear_probability `p_outcome'
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
quietly keep if ss_use
xtset ss_panel `p_time_var'
local cluster = cond("`p_cluster_var'" == "", "ss_panel", "`p_cluster_var'")
local clusters = cond("`p_cluster_var'" == "", "`p_panel_id'", "`p_cluster_var'")
ss_clusters `cluster'
* changes to the period before; a gap gives no change
local changes ""
foreach variable in `p_regressors' `p_controls' {
    local changes "`changes' D.`variable'"
}
quietly generate double ss_change = D.`p_outcome'
quietly count if !missing(ss_change)
local used = r(N)
ss_check no_obs, fail(`used' == 0) value(`used') row(2)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle
tempfile tests
local constant = cond(`p_trend' == 1, "", "noconstant")
regress D.`p_outcome' `changes', vce(cluster `cluster') `constant' level(`p_level')
matrix `coefficients' = r(table)
ss_event metric name=n_used value=`=e(N)'
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
ss_fit_table using "table_fit.csv", scalars(N r2 rmse F df_m df_r) se(cluster `clusters') clusters(`clusters') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results equation(D.`p_outcome')
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
quietly predict double ss_residual, residuals
quietly generate double ss_before = L.ss_residual
postfile `handle' str32 test double estimate double statistic double df1 double df2 double p_value str244 note using "`tests'"
quietly regress ss_residual ss_before, vce(cluster `cluster') noconstant
local rho = _b[ss_before]
quietly test ss_before = -0.5
post `handle' ("levels_uncorrelated") (`rho') (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: errors in levels have no serial correlation (coefficient -0.5): fixed effects are better")
ss_metric p_levels = r(p)
quietly test ss_before = 0
post `handle' ("changes_uncorrelated") (`rho') (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: changes of the errors have no serial correlation: first differences are better")
ss_metric p_changes = r(p)
postclose `handle'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`tests'")
ss_event step name=export status=ok
