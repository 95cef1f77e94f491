* survey.regress 1.1.1: regression of a population under a sampling design, linear, logit or Poisson.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_weight_var p_psu p_strata_var p_model p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_weight_var'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_psu' `p_strata_var') weight(`p_weight_var') kind(pweight) maxloss(0.2)
if "`p_model'" == "linear" {
    ss_linear_probability `p_outcome'
}
if "`p_model'" == "logit" {
    ss_binary `p_outcome'
}
if "`p_model'" == "poisson" {
    quietly count if ss_use & `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
local unit "_n"
if "`p_psu'" != "" {
    quietly egen long ss_psu = group(`p_strata_var' `p_psu') if ss_use
    local unit "ss_psu"
}
local strata ""
local single = 0
if "`p_strata_var'" != "" {
    quietly egen long ss_stratum = group(`p_strata_var') if ss_use
    local strata "strata(ss_stratum)"
    if "`p_psu'" != "" {
        quietly egen byte ss_first = tag(ss_stratum ss_psu) if ss_use
    }
    else {
        quietly generate byte ss_first = 1 if ss_use
    }
    quietly egen long ss_units = total(ss_first) if ss_use, by(ss_stratum)
    quietly summarize ss_units if ss_use
    local single = r(min) == 1
}
ss_check single_psu, warn(`single') value(`single')
quietly svyset `unit' [pweight = `p_weight_var'], `strata' singleunit(centered)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients f p df1 df2
if "`p_model'" == "linear" {
    svy, level(`p_level'): regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
}
if "`p_model'" == "logit" {
    svy, level(`p_level'): logit `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
    ss_check converge, fail(e(converged) == 0) value(e(converged))
}
if "`p_model'" == "poisson" {
    svy, level(`p_level'): poisson `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
    ss_check converge, fail(e(converged) == 0) value(e(converged))
}
matrix `coefficients' = r(table)
scalar `f' = e(F)
scalar `df1' = e(df_m)
scalar `df2' = e(df_r) - e(df_m) + 1
scalar `p' = Ftail(`df1', `df2', `f')
ss_check few_df, warn(e(df_r) < 10) value(e(df_r))
ss_metric f_stat = `f'
ss_metric p = `p'
ss_metric n_psu = e(N_psu)
ss_metric df_r = e(df_r)
local more ""
if "`p_model'" == "linear" {
    local more "r2 e(r2)"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_pop N_strata N_psu df_r) se(linearized) weight(pweight) values(F `f' df_m `df1' df_f2 `df2' p `p' `more' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
local used = e(N)
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(linearized standard errors) title(`"Survey regression: `=r(text)'"')
ss_event step name=export status=ok
