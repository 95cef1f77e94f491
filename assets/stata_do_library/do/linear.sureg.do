* linear.sureg 1.0.0: several outcomes on the same regressors, with errors correlated across equations, and joint tests.
* Reads p_outcomes p_regressors(_fv) p_controls(_fv) p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcomes'
ss_sample `p_outcomes' `p_regressors' `p_controls', maxloss(0.2)
local row = 0
foreach variable of local p_outcomes {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients sigma handle chi2
tempfile rows equations errors
local system ""
foreach variable of local p_outcomes {
    local system "`system' (`variable' `p_regressors_fv' `p_controls_fv')"
}
sureg `system' if ss_use, level(`p_level')
matrix `coefficients' = r(table)
matrix `sigma' = e(Sigma)
local used = e(N)
local count : word count `p_outcomes'
postfile `handle' str128 equation double n double parameters double rmse double r2 double chi2 double p_value using "`equations'"
forvalues i = 1/`count' {
    post `handle' ("`: word `i' of `p_outcomes''") (`used') (e(df_m`i')) (e(rmse_`i')) (e(r2_`i')) (e(chi2_`i')) (e(p_`i'))
}
postclose `handle'
postfile `handle' str128 first str128 second double correlation using "`errors'"
scalar `chi2' = 0
forvalues i = 2/`count' {
    forvalues j = 1/`=`i' - 1' {
        local r = el(`sigma', `i', `j') / sqrt(el(`sigma', `i', `i') * el(`sigma', `j', `j'))
        scalar `chi2' = `chi2' + `used' * (`r')^2
        post `handle' ("`: word `j' of `p_outcomes''") ("`: word `i' of `p_outcomes''") (`r')
    }
}
postclose `handle'
ss_metric error_correlation = `r'
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
local pairs = `count' * (`count' - 1) / 2
postfile `handle' str2045 test double statistic double df1 double df2 double p_value str120 note using "`rows'"
post `handle' ("breusch_pagan") (`chi2') (`pairs') (.) (chi2tail(`pairs', `chi2')) ("chi2; null: errors of the equations are uncorrelated")
ss_metric p_independence = chi2tail(`pairs', `chi2')
local number = 0
foreach term of local p_regressors_fv {
    local number = `number' + 1
    local name : word `number' of `p_regressors'
    capture noisily testparm `term'
    if _rc == 0 {
        post `handle' ("zero: `name'") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; null: no effect on any outcome")
        if `number' == 1 {
            ss_metric focal_p = r(p)
        }
    }
    capture noisily testparm `term', equal
    if _rc == 0 {
        post `handle' ("equal: `name'") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; null: the same effect on all outcomes")
    }
}
postclose `handle'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_export using "table_tests.csv", rows("`rows'")
ss_export using "table_error_corr.csv", rows("`errors'")
ss_export using "table_equations.csv", rows("`equations'")
ss_fit_table using "table_fit.csv", values(N `used' equations `count' level `p_level') se(seemingly unrelated regressions)
ss_event step name=export status=ok
