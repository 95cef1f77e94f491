* limited.ologit 1.1.0: ordered logit of a rating, with marginal effects on the probability of each category.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
local vce "`p_vce'"
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars') weight(`p_weight_var') kind(`kind') nometric
ss_levels `p_outcome', most(12)
local levels "`r(levels)'"
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all slopes cuts
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
ologit `p_outcome' `terms' if ss_use `weight', vce(`vce') level(`p_level')
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
ss_metric n_used = e(N)
ss_metric ll = e(ll)
ss_metric r2_p = e(r2_p)
ss_metric chi2 = e(chi2)
local last = colsof(`all') - e(k_cat) + 1
matrix `slopes' = `all'[1..., 1..`last']
matrix `cuts' = `all'[1..., `=`last' + 1'...]
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
local models ""
foreach value of local levels {
    tempname effects
    margins, dydx(*) predict(outcome(`value')) level(`p_level')
    matrix `effects' = r(table)
    local models "`models' `value' `effects'"
}
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
local first : word 1 of `p_regressors_fv'
ss_outcome_plot using "fig_probabilities.svg", focal(`focal') outcome(`p_outcome') term(`first')
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 chi2 p df_m r2_p k_cat) se(`vce') weight(`kind') ///
    values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) level `p_level')
ss_coef_table using "table_coefficients.csv", table(`slopes') focal(`focal') eform(odds_ratio) results indicators(`indicators')
ss_coef_table using "table_cutpoints.csv", table(`cuts') equation(cut_point)
ss_models_table using "table_margins.csv", models(`models') column(outcome) equation(dydx) indicators(`indicators')
ss_event step name=export status=ok
