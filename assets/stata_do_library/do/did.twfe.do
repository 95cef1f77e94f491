* did.twfe 1.1.0: difference-in-differences with unit and period effects.
* Reads p_outcome p_treatment p_panel_id p_time_var p_controls(_fv) p_cluster_var p_weight_var p_weight_kind p_level.
local kind = cond("`p_weight_var'" != "", "`p_weight_kind'", "none")
local weight ""
if "`kind'" != "none" {
    local weight "[`kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment'
ss_sample `p_outcome' `p_treatment' `p_time_var' `p_controls', strok(`p_panel_id' `p_cluster_var') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
ss_binary `p_treatment'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `p_treatment')
local period "`r(period)'"
quietly keep if ss_use
xtset ss_panel ss_period
* staggered: units that start to be treated in different periods
tempvar start first
quietly egen double `start' = min(cond(`p_treatment' == 1, ss_period, .)), by(ss_panel)
quietly egen byte `first' = tag(ss_panel)
quietly summarize `start' if `first' == 1
ss_check staggered, warn(r(N) > 0 & r(max) > r(min)) value(r(max) - r(min))
ss_metric n_treated_units = r(N)
local cluster "ss_panel"
local clusters "`p_panel_id'"
if "`p_cluster_var'" != "" {
    local cluster "`p_cluster_var'"
    local clusters "`p_cluster_var'"
}
ss_clusters `cluster'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients
xtreg `p_outcome' `p_treatment' `p_controls_fv' i.`period' `weight', fe vce(cluster `cluster') level(`p_level')
matrix `coefficients' = r(table)
ss_metric att = _b[`p_treatment']
ss_metric att_se = _se[`p_treatment']
ss_metric r2_w = e(r2_w)
ss_metric n_groups = e(N_g)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g r2_w sigma_u sigma_e rho F df_r) se(cluster `clusters') clusters(`clusters') weight(`kind') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_trend_plot using "fig_trends.svg", outcome(`p_outcome') group(`p_treatment') time(`p_time_var') panel(ss_panel)
ss_event step name=export status=ok
