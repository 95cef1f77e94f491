* panel.pcse_fgls 1.1.0: pooled regression of a long panel with panel-corrected standard errors or feasible GLS.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_method p_panels p_ar1 p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id')
ss_panel `p_panel_id' `p_time_var'
ss_linear_probability `p_outcome'
quietly keep if ss_use
* periods of the sample are neighbours: the time is numbered without gaps
xtset ss_panel ss_period
quietly egen double ss_count = count(ss_period), by(ss_panel)
quietly summarize ss_count
local shortest = r(min)
local longest = r(max)
quietly summarize ss_panel
local units = r(max)
ss_check one_level, fail(`units' < 2) value(`units')
quietly summarize ss_period
local periods = r(max)
ss_check too_few_periods, fail(`shortest' < 2) value(`shortest')
ss_check unbalanced, fail("`p_panels'" == "correlated" & "`p_method'" == "fgls" & `shortest' < `periods') value(`shortest')
ss_check few_df, warn("`p_panels'" == "correlated" & `periods' < `units') fail("`p_panels'" == "correlated" & "`p_method'" == "fgls" & `periods' < `units') value(`periods')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients
local ar ""
if `p_ar1' == 1 {
    local ar "ar1"
}
if "`p_method'" == "pcse" {
    local kind = cond("`p_panels'" == "correlated", "", "hetonly")
    if "`ar'" != "" {
        local ar "correlation(ar1)"
    }
    if "`kind'" == "" & `shortest' < `periods' {
        local kind "pairwise"
    }
    xtpcse `p_outcome' `p_regressors_fv' `p_controls_fv', `kind' `ar' level(`p_level')
    local errors "panel-corrected, `p_panels'"
}
else {
    if "`ar'" != "" {
        local ar "corr(ar1) force"
    }
    xtgls `p_outcome' `p_regressors_fv' `p_controls_fv', panels(`p_panels') `ar' level(`p_level')
    local errors "feasible GLS, `p_panels'"
}
matrix `coefficients' = r(table)
local rho = .
if `p_ar1' == 1 {
    local rho = e(rho)
}
ss_metric chi2 = e(chi2)
ss_metric n_groups = e(N_g)
local used = e(N)
quietly predict double ss_xb, xb
quietly correlate ss_xb `p_outcome'
local fit2 = r(rho)^2
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max chi2 p df_m) se(`errors') clusters(`p_panel_id') values(rho `rho' correlation2 `fit2' periods `periods' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(`errors') title(`"Coefficients: `=r(text)'"')
ss_event step name=export status=ok
