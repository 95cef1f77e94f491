* causal.ipw 1.1.0: effect of a 0/1 treatment by inverse-probability weighting.
* Reads p_outcome p_treatment p_regressors(_fv) p_estimand p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
confirm numeric variable `p_treatment'
ss_sample `p_outcome' `p_treatment' `p_regressors', nometric maxloss(0.2)
ss_binary `p_treatment'
ss_event step name=sample status=ok

ss_event step name=propensity status=begin
ss_propensity `p_treatment' "`p_regressors_fv'"
quietly count if ss_use
local used = r(N)
ss_event metric name=n_used value=`used'
ss_event step name=propensity status=ok

ss_event step name=estimate status=begin
tempname effects naive handle
tempfile effect_rows
quietly summarize `p_outcome' if ss_use & `p_treatment' == 1
scalar `naive' = r(mean)
quietly summarize `p_outcome' if ss_use & `p_treatment' == 0
scalar `naive' = `naive' - r(mean)
teffects ipw (`p_outcome') (`p_treatment' `p_regressors_fv') if ss_use, `p_estimand' level(`p_level')
matrix `effects' = r(table)
ss_metric effect = el(`effects', 1, 1)
ss_metric effect_se = el(`effects', 2, 1)
ss_metric naive = `naive'
local treated = e(n1)
local control = e(n0)
ss_event metric name=n_treated value=`treated'
ss_event metric name=n_control value=`control'
postfile `handle' str32 term double estimate double std_error double statistic double p_value double ci_low double ci_high str244 note using "`effect_rows'"
post `handle' ("`p_estimand'") (el(`effects', 1, 1)) (el(`effects', 2, 1)) (el(`effects', 3, 1)) (el(`effects', 4, 1)) (el(`effects', 5, 1)) (el(`effects', 6, 1)) ("robust standard error that allows for the estimated score")
post `handle' ("mean_without_treatment") (el(`effects', 1, 2)) (el(`effects', 2, 2)) (el(`effects', 3, 2)) (el(`effects', 4, 2)) (el(`effects', 5, 2)) (el(`effects', 6, 2)) ("weighted mean of the outcome without treatment")
post `handle' ("difference_of_means") (`naive') (.) (.) (.) (.) (.) ("unadjusted; for comparison")
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`effect_rows'")
ss_fit_table using "table_fit.csv", values(N `used' n_treated `treated' n_control `control' level `p_level') se(robust, estimated score)
ss_label `p_treatment'
local name = r(text)
ss_balance using "table_balance.csv", plot("fig_balance.svg") title(`"Balance before and after weighting: `macval(name)'"')
ss_metric worst_balance = r(worst)
ss_source
teoverlap, title(`"Propensity score by group: `macval(name)'"') xtitle("Probability of treatment") ytitle("Density") legend(order(1 "control" 2 "treated")) ///
    note("N = `used' (`treated' treated, `control' control); `r(engine)'")
ss_figure using "fig_overlap.svg"
ss_event step name=export status=ok
