* limited.mlogit 1.1.0: multinomial logit of an unordered choice, with marginal effects on each probability.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_base_outcome p_rrr p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
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
ss_sample `p_regressors' `p_controls', strok(`p_outcome' `p_cluster_vars') weight(`p_weight_var') kind(`kind') nometric
local outcome "`p_outcome'"
capture confirm numeric variable `p_outcome'
if _rc != 0 {
    ss_groups `p_outcome', generate(ss_outcome)
    local outcome "ss_outcome"
}
ss_levels `outcome', most(20)
local levels "`r(levels)'"
local base ""
if "`p_base_outcome'" != "" {
    local known : list p_base_outcome in levels
    ss_check empty_cell, fail(`known' == 0) value(`p_base_outcome')
    local base "baseoutcome(`p_base_outcome')"
}
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all shown
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
mlogit `outcome' `terms' if ss_use `weight', `base' vce(`vce') level(`p_level')
matrix `all' = r(table)
if `p_rrr' == 1 {
    mlogit, rrr level(`p_level')
}
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
ss_metric n_used = e(N)
ss_metric ll = e(ll)
ss_metric r2_p = e(r2_p)
ss_metric chi2 = e(chi2)
local choices = e(k_out)
local per = colsof(`all') / `choices'
local base_at = e(ibaseout)
local reference = e(baseout)
local models ""
forvalues k = 1/`choices' {
    if `k' != `base_at' {
        tempname part
        local value : word `k' of `levels'
        matrix `part' = `all'[1..., `=(`k' - 1) * `per' + 1'..`=`k' * `per'']
        local models "`models' `value' `part'"
    }
}
* a linear combination that separates an outcome shows as an estimate without limit
local huge = 0
local columns = colsof(`all')
forvalues j = 1/`columns' {
    if abs(el(`all', 1, `j')) > 12 & el(`all', 2, `j') > 100 & el(`all', 2, `j') < . {
        local huge = `huge' + 1
    }
}
ss_check perfect_pred, warn(`huge' > 0) value(`huge')
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
local effects ""
foreach value of local levels {
    tempname effect
    margins, dydx(*) predict(outcome(`value')) level(`p_level')
    matrix `effect' = r(table)
    local effects "`effects' `value' `effect'"
}
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
local first : word 1 of `p_regressors_fv'
ss_outcome_plot using "fig_probabilities.svg", focal(`focal') outcome(`outcome') term(`first')
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 chi2 p df_m r2_p k_out) se(`vce') weight(`kind') ///
    values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) base_outcome `reference' level `p_level')
local blank = cond(`p_rrr' == 1, "", "blank")
ss_models_table using "table_coefficients.csv", models(`models') column(outcome) focal(`focal') eform(rrr) `blank' indicators(`indicators')
ss_models_table using "table_margins.csv", models(`effects') column(outcome) equation(dydx) indicators(`indicators')
ss_event step name=export status=ok
