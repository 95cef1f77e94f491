* plot.coefficients 1.0.0: estimates of one regression, or of two nested ones, as a figure with intervals.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_block2(_fv) p_vce p_title p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_block2'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname first second
local vce = cond("`p_vce'" == "ols", "ols", "robust")
regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
matrix `first' = r(table)
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
local models "model1 `first'"
if "`p_block2'" != "" {
    regress `p_outcome' `p_regressors_fv' `p_controls_fv' `p_block2_fv' if ss_use, vce(`vce') level(`p_level')
    matrix `second' = r(table)
    ss_metric r2_model2 = e(r2)
    local models "`models' model2 `second'"
}
local used = e(N)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_models_table using "table_coefficients.csv", models(`models') focal(`: word 1 of `p_regressors'')
ss_label `p_outcome'
local title = cond(`"`p_title'"' == "", `"Linear regression: `=r(text)'"', `"`p_title'"')
ss_coef_plot using "fig_coef_plot.svg", table(`first') level(`p_level') n(`used') se(standard errors: `vce') title(`"`macval(title)'"')
ss_event step name=export status=ok
