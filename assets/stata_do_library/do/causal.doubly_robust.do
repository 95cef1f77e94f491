* causal.doubly_robust 1.0.0: treatment effect from an outcome model and a treatment model together.
* Reads p_outcome p_treatment p_regressors(_fv) p_outcome_model p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment'
ss_sample `p_outcome' `p_treatment' `p_regressors', nometric maxloss(0.2)
ss_binary `p_treatment'
if "`p_outcome_model'" == "logit" {
    ss_binary `p_outcome'
}
if "`p_outcome_model'" == "poisson" {
    quietly count if ss_use & `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
ss_event step name=sample status=ok

ss_event step name=propensity status=begin
ss_propensity `p_treatment' "`p_regressors_fv'"
quietly count if ss_use
local used = r(N)
ss_event metric name=n_used value=`used'
ss_event step name=propensity status=ok

ss_event step name=estimate status=begin
tempname handle effects naive
tempfile rows
postfile `handle' str32 estimator str128 term double estimate double std_error double statistic double p_value double ci_low double ci_high str120 note using "`rows'"
local model = cond("`p_outcome_model'" == "linear", "", ", `p_outcome_model'")
foreach estimator in aipw ipwra ra {
    if "`estimator'" == "aipw" {
        teffects aipw (`p_outcome' `p_regressors_fv'`model') (`p_treatment' `p_regressors_fv') if ss_use, level(`p_level')
        local note "augmented inverse-probability weighting"
    }
    if "`estimator'" == "ipwra" {
        teffects ipwra (`p_outcome' `p_regressors_fv'`model') (`p_treatment' `p_regressors_fv') if ss_use, level(`p_level')
        local note "weighted regression adjustment"
    }
    if "`estimator'" == "ra" {
        teffects ra (`p_outcome' `p_regressors_fv'`model') (`p_treatment') if ss_use, level(`p_level')
        local note "outcome model alone, for comparison"
    }
    matrix `effects' = r(table)
    forvalues j = 1/2 {
        local term = cond(`j' == 1, "ate", "mean_without_treatment")
        post `handle' ("`estimator'") ("`term'") (el(`effects', 1, `j')) (el(`effects', 2, `j')) (el(`effects', 3, `j')) (el(`effects', 4, `j')) (el(`effects', 5, `j')) (el(`effects', 6, `j')) ("`note'")
    }
    if "`estimator'" == "aipw" {
        ss_metric effect = el(`effects', 1, 1)
        ss_metric effect_se = el(`effects', 2, 1)
        local treated = e(n1)
        local control = e(n0)
    }
}
quietly summarize `p_outcome' if ss_use & `p_treatment' == 1
scalar `naive' = r(mean)
quietly summarize `p_outcome' if ss_use & `p_treatment' == 0
scalar `naive' = `naive' - r(mean)
post `handle' ("unadjusted") ("difference_of_means") (`naive') (.) (.) (.) (.) (.) ("for comparison")
postclose `handle'
ss_metric naive = `naive'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`rows'")
quietly teffects ipw (`p_outcome') (`p_treatment' `p_regressors_fv') if ss_use
ss_label `p_treatment'
ss_balance using "table_balance.csv", plot("fig_balance.svg") title(`"Balance before and after weighting: `=r(text)'"')
ss_metric worst_balance = r(worst)
ss_fit_table using "table_fit.csv", se(robust, from both models) values(N `used' n_treated `treated' n_control `control' level `p_level')
ss_event step name=export status=ok
