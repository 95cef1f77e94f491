* linear.diagnostics 1.2.1: tests of the assumptions of a linear regression, influence and residual figures.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls'
ss_linear_probability `p_outcome'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients tests influence jb
tempfile test_rows influence_rows
regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, level(`p_level')
matrix `coefficients' = r(table)
ss_check few_df, warn(e(df_r) < 10) value(e(df_r))
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(ols) values(level `p_level')
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
estat hettest
post `tests' ("breusch_pagan") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; null: constant error variance (fitted values, normal errors)")
estat hettest, iid
post `tests' ("breusch_pagan_iid") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; null: constant error variance (N R2 form)")
* without normal errors, as the sentence has it (Koenker 1981)
ss_metric p_hettest = r(p)
estat ovtest
post `tests' ("reset") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: no omitted powers of the fitted values")
ss_metric p_reset = r(p)
estat imtest, white
post `tests' ("white") (r(chi2_h)) (r(df_h)) (.) (chi2tail(r(df_h), r(chi2_h))) ("chi2; null: constant error variance")
estat vif
* 1 / (1 - R2) of each regressor on the others
local shown = 1
while "`r(name_`shown')'" != "" {
    post `tests' ("vif_`shown'") (r(vif_`shown')) (.) (.) (.) ("`r(name_`shown')'")
    if `shown' == 1 {
        ss_metric vif_max = r(vif_1)
    }
    local shown = `shown' + 1
}
if `shown' == 1 {
    ss_metric vif_max = 1
}
quietly predict double ss_fitted if ss_use, xb
quietly predict double ss_residual if ss_use, residuals
quietly predict double ss_student if ss_use, rstudent
quietly predict double ss_leverage if ss_use, leverage
quietly predict double ss_cook if ss_use, cooksd
quietly summarize ss_residual if ss_use, detail
scalar `jb' = r(N) / 6 * (r(skewness)^2 + (r(kurtosis) - 3)^2 / 4)
post `tests' ("jarque_bera") (`jb') (2) (.) (chi2tail(2, `jb')) ("chi2; null: normal errors")
postclose `tests'
ss_event step name=tests status=ok

ss_event step name=influence status=begin
quietly generate long ss_row = _n
postfile `influence' double row double fitted double residual double studentized double leverage double cooks_d str32 note using "`influence_rows'"
gsort -ss_use -ss_cook ss_row
local limit = min(20, `used')
forvalues i = 1/`limit' {
    local note = cond(ss_cook[`i'] > 4 / `used', "above 4/N", "")
    post `influence' (ss_row[`i']) (ss_fitted[`i']) (ss_residual[`i']) (ss_student[`i']) (ss_leverage[`i']) (ss_cook[`i']) ("`note'")
}
postclose `influence'
quietly count if ss_use & ss_cook > 4 / `used'
ss_metric n_influential = r(N)
sort ss_row
ss_event step name=influence status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_export using "table_tests.csv", rows("`test_rows'")
ss_export using "table_influence.csv", rows("`influence_rows'")
ss_residual_plots using "fig_resid_fitted.svg", qq("fig_qq.svg") fitted(ss_fitted) residual(ss_residual) outcome(`p_outcome')
ss_event step name=export status=ok
