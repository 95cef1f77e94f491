* limited.logit_margins 1.2.0: logit of a 0/1 outcome with average marginal effects, fit and ROC curve.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_vce p_cluster_var p_odds_ratios p_weight_var p_weight_kind p_level.
local vce "robust"
if "`p_vce'" == "oim" {
    local vce "oim"
}
if "`p_cluster_var'" != "" {
    local vce "cluster `p_cluster_var'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
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
tempname coefficients effects correct sensitivity specificity area
ss_indicators `p_regressors_fv' `p_controls_fv' `p_interactions'
local terms "`r(terms)'"
local indicators "`r(names)'"
logit `p_outcome' `terms' if ss_use `weight', vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
if `p_odds_ratios' == 1 {
    logit, or level(`p_level')
}
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
quietly count if ss_use
local used = r(N)
ss_check perfect_pred, warn(`used' < `before') value(`before' - `used')
ss_event metric name=n_used value=`used'
ss_metric ll = e(ll)
ss_metric r2_p = e(r2_p)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
quietly predict double ss_probability if ss_use, pr
* shares by rows: a predicted probability of one half or more counts as a predicted 1
if "`kind'" == "none" {
    estat classification
}
quietly count if ss_use & (ss_probability >= 0.5) == (`p_outcome' == 1)
scalar `correct' = r(N) / `used'
quietly summarize ss_probability if ss_use & `p_outcome' == 1
local ones = r(N)
quietly count if ss_use & `p_outcome' == 1 & ss_probability >= 0.5
scalar `sensitivity' = r(N) / `ones'
quietly count if ss_use & `p_outcome' == 0 & ss_probability < 0.5
scalar `specificity' = r(N) / (`used' - `ones')
ss_roc_plot using "fig_roc.svg", outcome(`p_outcome') probability(ss_probability)
scalar `area' = r(area)
ss_metric auc = `area'
ss_metric correct = `correct'
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local blank ""
if `p_odds_ratios' != 1 {
    local blank "blank"
}
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 chi2 p df_m r2_p) se(`vce') weight(`kind') ///
    values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) correct `correct' sensitivity `sensitivity' specificity `specificity' auc `area' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') eform(odds_ratio) `blank' results indicators(`indicators')
ss_coef_table using "table_margins.csv", table(`effects') equation(dydx) indicators(`indicators')
ss_event step name=export status=ok
