* limited.probit_margins 1.2.0: probit of a 0/1 outcome with average marginal effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_vce p_cluster_var p_weight_var p_weight_kind p_level.
local vce = cond("`p_cluster_var'" != "", "cluster `p_cluster_var'", "`p_vce'")
local kind = cond("`p_weight_var'" != "", "`p_weight_kind'", "none")
local weight ""
if "`kind'" != "none" {
    local weight "[`kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_var') weight(`p_weight_var') kind(`kind') nometric
ss_binary `p_outcome'
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
quietly count if ss_use
local before = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients effects
ss_indicators `p_regressors_fv' `p_controls_fv' `p_interactions'
local terms "`r(terms)'"
local indicators "`r(names)'"
probit `p_outcome' `terms' if ss_use `weight', vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
quietly count if ss_use
local used = r(N)
ss_check perfect_pred, warn(`used' < `before') value(`before' - `used')
ss_event metric name=n_used value=`used'
ss_metric ll = e(ll)
ss_metric r2_p = e(r2_p)
ss_metric chi2 = e(chi2)
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 chi2 p df_m r2_p) se(`vce') weight(`kind') ///
    values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results indicators(`indicators')
ss_coef_table using "table_margins.csv", table(`effects') equation(dydx) indicators(`indicators')
ss_label `p_outcome'
ss_coef_plot using "fig_margins.svg", table(`effects') level(`p_level') n(`used') se(standard errors: `vce') ///
    title(`"Average marginal effects: `=r(text)'"') xtitle("Effect on the probability with `p_level'% confidence interval")
ss_event step name=export status=ok
