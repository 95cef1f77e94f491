* linear.quantile 1.0.0: regressions at several quantiles of the outcome, with robust or bootstrap standard errors.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_quantiles p_bootstrap p_reps p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
local bad = 0
local count : word count `p_quantiles'
foreach q of local p_quantiles {
    if missing(real("`q'")) | real("`q'") <= 0 | real("`q'") >= 1 {
        local bad = `bad' + 1
    }
}
ss_check bounds_order, fail(`bad' > 0 | `count' == 0 | `count' > 19) value(`bad')
local quantiles ""
foreach q of local p_quantiles {
    local q = strtrim(strofreal(real("`q'"), "%9.0g"))
    local quantiles "`quantiles' `q'"
}
local quantiles : list uniq quantiles
local quantiles : list sort quantiles
ss_sample `p_outcome' `p_regressors' `p_controls'
quietly summarize `p_outcome' if ss_use, meanonly
ss_check zero_spread, fail(r(min) == r(max)) value(r(max) - r(min))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients one
local kind "robust"
local fits ""
local failed = 0
local i = 0
foreach q of local quantiles {
    local i = `i' + 1
    local name = "q" + strtrim(strofreal(`q' * 100, "%9.4g"))
    local name = subinstr("`name'", ".", "_", 1)
    tempname r2_`i'
    capture noisily qreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, quantile(`q') vce(robust) level(`p_level')
    if _rc != 0 {
        local rc = _rc
        ss_check converge, fail(`rc' == 430 | `rc' == 498) value(0)
        error `rc'
    }
    matrix `one' = r(table)
    local failed = `failed' + (e(convcode) != 0 & !missing(e(convcode)))
    scalar `r2_`i'' = 1 - e(sum_adev) / e(sum_rdev)
    local fits "`fits' r2_`name' `r2_`i''"
    matrix coleq `one' = `name'
    if `i' == 1 {
        matrix `coefficients' = `one'
        local df = e(df_r)
        local n = e(N)
    }
    else {
        matrix `coefficients' = (`coefficients', `one')
    }
}
ss_check converge, fail(`failed' > 0) value(`failed')
if `p_bootstrap' == 1 {
    local kind "bootstrap, `p_reps' replications"
    sqreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, quantiles(`quantiles') reps(`p_reps') level(`p_level')
    matrix `coefficients' = r(table)
}
ss_metric r2_first = `r2_1'
ss_metric n_quantiles = `i'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_fit_table using "table_fit.csv", values(N `n' df_r `df' `fits' level `p_level') se(`kind')
ss_quantile_plot using "fig_quantile_plot.svg", table(`coefficients') focal(`focal') quantiles(`quantiles') outcome(`p_outcome') level(`p_level') se(`kind')
ss_event step name=export status=ok
