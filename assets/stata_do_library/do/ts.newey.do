* ts.newey 1.0.3: linear regression over time with Newey-West standard errors and tests of the errors.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_time_var p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', maxloss(0.2)
ss_time `p_time_var', least(10)
local periods = r(periods)
* Newey and West (1994): the integer part of 4 (T/100)^(2/9)
local lags "`p_lags'"
if "`lags'" == "" {
    local lags = floor(4 * (`periods' / 100)^(2/9))
}
ss_check bounds_order, fail(`lags' >= `periods') value(`lags')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients tests bg bg_p arch arch_p
tempfile test_rows
quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
local r2 = e(r2)
newey `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, lag(`lags') level(`p_level')
matrix `coefficients' = r(table)
ss_metric df_r = e(df_r)
ss_metric f_stat = e(F)
ss_metric lags = `lags'
ss_fit_table using "table_fit.csv", scalars(N F df_m df_r lag) se(newey-west) values(r2 `r2' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use
local tested = max(1, `lags')
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
estat dwatson
post `tests' ("durbin_watson") (r(dw)) (.) (.) (.) ("d; near 2 without first-order autocorrelation")
ss_metric dw = r(dw)
foreach lag of numlist 1 `tested' {
    if `lag' > 1 | "`seen'" == "" {
        estat bgodfrey, lags(`lag')
        matrix `bg' = r(chi2)
        matrix `bg_p' = r(p)
        post `tests' ("breusch_godfrey_`lag'") (el(`bg', 1, 1)) (`lag') (.) (el(`bg_p', 1, 1)) ("chi2; null: no serial correlation up to this lag")
        estat archlm, lags(`lag')
        matrix `arch' = r(arch)
        matrix `arch_p' = r(p)
        post `tests' ("arch_lm_`lag'") (el(`arch', 1, 1)) (`lag') (.) (el(`arch_p', 1, 1)) ("chi2; null: no autoregressive heteroskedasticity")
        if `lag' == 1 {
            ss_metric p_bgodfrey = el(`bg_p', 1, 1)
        }
        local seen "yes"
    }
}
postclose `tests'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`test_rows'")
quietly predict double ss_residual if ss_use, residuals
ss_label `p_outcome'
ss_time_plot using "fig_residuals.svg", y(ss_residual) title(`"Residuals over time: `=r(text)'"') ytitle("Residual (unit of the outcome)") zero
ss_event step name=export status=ok
