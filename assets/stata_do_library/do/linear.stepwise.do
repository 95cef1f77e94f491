* linear.stepwise 1.1.0: selection of regressors by p-values, compared with the model of all.
* Reads p_outcome p_regressors p_controls p_direction p_threshold p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors' `p_controls'
ss_sample `p_outcome' `p_regressors' `p_controls', maxloss(0.2)
ss_linear_probability `p_outcome'
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients full handle
tempfile rows
quietly regress `p_outcome' `p_controls' `p_regressors' if ss_use, level(`p_level')
ss_check few_df, warn(e(df_r) < 10) fail(e(df_r) < 1) value(e(df_r))
matrix `full' = r(table)
local r2_full = e(r2)
local r2a_full = e(r2_a)
local aic_full = -2 * e(ll) + 2 * e(rank)
local bic_full = -2 * e(ll) + ln(e(N)) * e(rank)
local lock ""
local terms "`p_regressors'"
if "`p_controls'" != "" {
    local lock "lockterm1"
    local terms "(`p_controls') `p_regressors'"
}
if "`p_direction'" == "backward" {
    stepwise, pr(`p_threshold') `lock': regress `p_outcome' `terms' if ss_use, level(`p_level')
}
else {
    stepwise, pe(`p_threshold') forward `lock': regress `p_outcome' `terms' if ss_use, level(`p_level')
}
matrix `coefficients' = r(table)
local kept : colnames `coefficients'
local count = 0
postfile `handle' str128 term double selected double estimate_full double p_full double estimate double p_value using "`rows'"
foreach variable of local p_regressors {
    local all = colnumb(`full', "`variable'")
    local here = colnumb(`coefficients', "`variable'")
    local in = !missing(`here')
    local count = `count' + `in'
    if `in' {
        post `handle' ("`variable'") (1) (el(`full', 1, `all')) (el(`full', 4, `all')) (el(`coefficients', 1, `here')) (el(`coefficients', 4, `here'))
    }
    else {
        post `handle' ("`variable'") (0) (el(`full', 1, `all')) (el(`full', 4, `all')) (.) (.)
    }
}
postclose `handle'
* intervals and p-values after a selection are too good
ss_check post_selection, warn(1) value(`count')
ss_metric n_selected_terms = `count'
ss_metric r2 = e(r2)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(ols) values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) r2_full `r2_full' r2_a_full `r2a_full' aic_full `aic_full' bic_full `bic_full' candidates `: word count `p_regressors'' selected `count' threshold `p_threshold' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_export using "table_selected.csv", rows("`rows'")
ss_event step name=export status=ok
