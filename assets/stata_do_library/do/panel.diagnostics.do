* panel.diagnostics 1.0.1: tests of the errors of a fixed-effects model: serial correlation, unequal variances, dependence across units.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id')
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
quietly keep if ss_use
* differences are taken between neighbouring values of the time variable
quietly generate double ss_time = `p_time_var'
xtset ss_panel ss_time
quietly summarize ss_panel
local units = r(max)
ss_check few_clusters, warn(`units' < 30) fail(`units' < 2) value(`units')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle coefficients share v cd r
tempfile tests rows
xtreg `p_outcome' `p_regressors_fv' `p_controls_fv', fe
matrix `coefficients' = r(table)
local n = e(N)
local effects_f = e(F_f)
local effects_df1 = e(N_g) - 1
local effects_df2 = e(df_r)
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max r2_w sigma_u sigma_e rho df_r) se(conventional)
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
quietly predict double ss_e, e
local sigma2 = 0
quietly summarize ss_e
local sigma2 = r(Var) * (r(N) - 1) / r(N)
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
postfile `handle' str40 test double statistic double df1 double df2 double p_value str200 note using "`tests'"
post `handle' ("unit_effects") (`effects_f') (`effects_df1') (`effects_df2') (Ftail(`effects_df1', `effects_df2', `effects_f')) ("F; null: all unit effects are zero (pooled regression)")
* Wooldridge: residuals of the differenced model have correlation -0.5 without serial correlation
local differences ""
local number = 0
quietly generate double ss_dy = D.`p_outcome'
foreach term in `p_regressors_fv' `p_controls_fv' {
    if substr("`term'", 1, 2) == "i." {
        local variable = substr("`term'", 3, .)
        quietly levelsof `variable', local(levels)
        gettoken base levels : levels
        foreach level of local levels {
            local number = `number' + 1
            quietly generate double ss_level = `variable' == `level'
            quietly generate double ss_d`number' = D.ss_level
            drop ss_level
            local differences "`differences' ss_d`number'"
        }
    }
    else {
        local number = `number' + 1
        quietly generate double ss_d`number' = D.`term'
        local differences "`differences' ss_d`number'"
    }
}
quietly count if !missing(ss_dy)
ss_check too_few_periods, fail(r(N) < `number' + 2) value(r(N))
quietly regress ss_dy `differences', noconstant
quietly predict double ss_de, residuals
quietly generate double ss_lag = L.ss_de
quietly count if !missing(ss_de, ss_lag)
if r(N) > 1 {
    quietly regress ss_de ss_lag, noconstant vce(cluster ss_panel)
    local rho = _b[ss_lag]
    quietly test ss_lag = -0.5
    post `handle' ("wooldridge_serial") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: no first-order serial correlation; coefficient of the lagged residual `=strofreal(`rho', "%5.3f")'")
    ss_metric serial_p = r(p)
}
else {
    post `handle' ("wooldridge_serial") (.) (.) (.) (.) ("needs three neighbouring periods")
    ss_metric serial_p = .
}
* modified Wald test of equal variances of the units (Greene)
quietly egen double ss_count = count(ss_e), by(ss_panel)
quietly generate double ss_square = ss_e^2
quietly egen double ss_var = mean(ss_square), by(ss_panel)
quietly generate double ss_gap = (ss_square - ss_var)^2
quietly egen double ss_spread = total(ss_gap), by(ss_panel)
quietly egen byte ss_first = tag(ss_panel)
quietly generate double ss_part = (ss_var - `sigma2')^2 / (ss_spread / (ss_count * (ss_count - 1))) if ss_first & ss_count > 1
quietly summarize ss_part
post `handle' ("modified_wald") (r(sum)) (r(N)) (.) (chi2tail(r(N), r(sum))) ("chi2; null: all units have the same error variance; weak with few periods")
ss_metric hetero_p = chi2tail(r(N), r(sum))
* Pesaran: correlations of the residuals of all pairs of units
local limit = 150
if `units' <= `limit' {
    keep ss_panel ss_time ss_e
    quietly reshape wide ss_e, i(ss_time) j(ss_panel)
    scalar `cd' = 0
    local pairs = 0
    local absolute = 0
    forvalues i = 2/`units' {
        forvalues j = 1/`=`i' - 1' {
            * units without a common period have no correlation
            quietly count if !missing(ss_e`i', ss_e`j')
            if r(N) < 3 {
                continue
            }
            quietly correlate ss_e`i' ss_e`j'
            if !missing(r(rho)) {
                scalar `cd' = `cd' + sqrt(r(N)) * r(rho)
                local absolute = `absolute' + abs(r(rho))
                local pairs = `pairs' + 1
            }
        }
    }
    scalar `cd' = sqrt(1 / `pairs') * `cd'
    post `handle' ("pesaran_cd") (`cd') (.) (.) (2 * normal(-abs(`cd'))) ("z; null: errors of different units are uncorrelated; mean absolute correlation `=strofreal(`absolute' / `pairs', "%5.3f")' over `pairs' pairs")
    ss_metric cd_p = 2 * normal(-abs(`cd'))
}
else {
    post `handle' ("pesaran_cd") (.) (.) (.) (.) ("not computed: more than `limit' units")
    ss_metric cd_p = .
}
postclose `handle'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`tests'")
ss_event step name=export status=ok
