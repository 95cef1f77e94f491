* ts.garch 1.0.2: variance of a series that follows its own past (ARCH, GARCH, threshold and exponential GARCH).
* Reads p_variable p_time_var p_regressors p_model p_arch p_garch p_distribution p_in_mean p_vce p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable' `p_time_var' `p_regressors'
ss_time `p_time_var', least(100)
local periods = r(periods)
quietly summarize `p_variable'
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=before status=begin
* effects of the past variance in the residuals of the mean: the regression of their squares on own lags
tempname handle
tempfile test_rows
tempvar before_residual before_square
postfile `handle' str32 test double statistic double df double p_value str120 note using "`test_rows'"
quietly regress `p_variable' `p_regressors'
quietly predict double `before_residual', residuals
quietly generate double `before_square' = `before_residual'^2
quietly regress `before_square' L(1/`p_lags').`before_square'
post `handle' ("arch_lm") (e(N) * e(r2)) (`p_lags') (chi2tail(`p_lags', e(N) * e(r2))) ("residuals of the mean; null: constant variance")
ss_event step name=before status=ok

ss_event step name=estimate status=begin
tempname coefficients
local terms "arch(1/`p_arch') garch(1/`p_garch')"
if "`p_model'" == "arch" {
    local terms "arch(1/`p_arch')"
}
if "`p_model'" == "threshold" {
    local terms "arch(1/`p_arch') garch(1/`p_garch') tarch(1/`p_arch')"
}
if "`p_model'" == "egarch" {
    local terms "earch(1/`p_arch') egarch(1/`p_garch')"
}
local mean = cond(`p_in_mean' == 1, "archm", "")
local density = cond("`p_distribution'" == "normal", "gaussian", "`p_distribution'")
capture noisily arch `p_variable' `p_regressors', `terms' `mean' distribution(`density') vce(`p_vce') level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
ss_check converge, fail(e(converged) == 0) value(e(converged))
matrix `coefficients' = r(table)
ss_metric ll = e(ll)
ss_metric aic = -2 * e(ll) + 2 * e(rank)
* memory of the variance: the sum of its own terms
tempname b
matrix `b' = e(b)
local names : colnames `b'
local equations : coleq `b'
local count = colsof(`b')
local persistence = 0
forvalues j = 1/`count' {
    local name : word `j' of `names'
    local equation : word `j' of `equations'
    local kind = substr("`name'", strpos("`name'", ".") + 1, .)
    if "`equation'" == "ARCH" & inlist("`kind'", "arch", "garch", "egarch") {
        local persistence = `persistence' + el(`b', 1, `j')
    }
    * errors of one sign only: half of the squares
    if "`equation'" == "ARCH" & "`kind'" == "tarch" {
        local persistence = `persistence' + el(`b', 1, `j') / 2
    }
}
ss_check unstable, warn(`persistence' >= 1) value(`persistence')
ss_metric persistence = `persistence'
quietly predict double ss_variance, variance
quietly predict double ss_residual, residuals
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N ll) se(`p_vce') values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) persistence `persistence' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_event step name=estimate status=ok

ss_event step name=after status=begin
quietly generate double ss_standard = ss_residual / sqrt(ss_variance)
quietly generate double ss_square = ss_standard^2
quietly summarize ss_square
local largest = min(`p_lags', floor(r(N) / 2) - 2)
wntestq ss_standard, lags(`largest')
post `handle' ("portmanteau") (r(stat)) (r(df)) (r(p)) ("standardized residuals; null: no serial correlation")
wntestq ss_square, lags(`largest')
post `handle' ("portmanteau_squares") (r(stat)) (r(df)) (r(p)) ("squared standardized residuals; null: no effect of the past variance is left")
ss_metric p_squares = r(p)
postclose `handle'
ss_event step name=after status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`test_rows'")
quietly generate double ss_deviation = sqrt(ss_variance)
ss_label `p_variable'
ss_time_plot using "fig_variance.svg", y(ss_deviation) title(`"Conditional standard deviation: `=r(text)'"') ytitle("Standard deviation")
ss_event step name=export status=ok
