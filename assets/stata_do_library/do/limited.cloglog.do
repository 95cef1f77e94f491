* limited.cloglog 1.1.0: a rare yes/no event with the complementary log-log link, with marginal effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_exposure_var p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_exposure_var', strok(`p_cluster_vars')
ss_binary `p_outcome'
local offset ""
if "`p_exposure_var'" != "" {
    quietly count if ss_use & `p_exposure_var' <= 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
    quietly generate double ss_offset = ln(`p_exposure_var') if ss_use
    local offset "offset(ss_offset)"
}
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
quietly count if ss_use & `p_outcome' == 1
local events = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients effects logit_ll
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
quietly logit `p_outcome' `terms' if ss_use
scalar `logit_ll' = e(ll)
cloglog `p_outcome' `terms' if ss_use, `offset' vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_check few_events, warn(`events' < 10 * e(df_m)) value(`events' / max(1, e(df_m)))
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_metric n_events = `events'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll chi2 p df_m) se(`vce') values(n_events `events' aic `=-2 * e(ll) + 2 * e(rank)' bic `=-2 * e(ll) + ln(e(N)) * e(rank)' logit_ll `logit_ll' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results eform(hazard_ratio) indicators(`indicators')
if "`p_exposure_var'" == "" {
    margins, dydx(*) level(`p_level')
    matrix `effects' = r(table)
    ss_models_table using "table_margins.csv", models(probability `effects') column(prediction) equation(dydx) indicators(`indicators')
}
ss_event step name=export status=ok
