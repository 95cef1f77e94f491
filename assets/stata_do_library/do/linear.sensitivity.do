* linear.sensitivity 1.1.0: how strong would an omitted variable have to be? Robustness values and bounds (Cinelli and Hazlett).
* Reads p_outcome p_focal p_controls(_fv) p_benchmarks p_reduction p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
ss_sample `p_outcome' `p_focal' `p_controls', maxloss(0.2)
ss_linear_probability `p_outcome'
foreach variable in `p_outcome' `p_focal' {
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
}
local compared "`p_benchmarks'"
if "`compared'" == "" {
    local compared "`p_controls'"
}
local strange : list compared - p_controls
ss_check level_mismatch, warn("`strange'" != "") value(`: word count `strange'')
local compared : list compared & p_controls
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle b se t df f critical part rv rv_alpha excess
tempfile rows bounds
regress `p_outcome' `p_focal' `p_controls_fv' if ss_use, level(`p_level')
matrix `coefficients' = r(table)
ss_check collinear, fail(_se[`p_focal'] == 0) value(_se[`p_focal'])
scalar `b' = _b[`p_focal']
scalar `se' = _se[`p_focal']
scalar `t' = `b' / `se'
scalar `df' = e(df_r)
ss_check few_df, warn(`df' < 10) fail(`df' < 2) value(`df')
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(ols) values(reduction `p_reduction' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`p_focal') results
local used = e(N)
* shares of the residual variance that a confounder must explain of both treatment and outcome
scalar `part' = `t'^2 / (`t'^2 + `df')
scalar `f' = `p_reduction' * abs(`t') / sqrt(`df')
scalar `rv' = (sqrt(`f'^4 + 4 * `f'^2) - `f'^2) / 2
scalar `critical' = invttail(`df' - 1, (1 - `p_level' / 100) / 2) / sqrt(`df' - 1)
scalar `excess' = `f' - `critical'
scalar `rv_alpha' = cond(`excess' < 0, 0, (sqrt(`excess'^4 + 4 * `excess'^2) - `excess'^2) / 2)
if `excess' > 0 & `f' > 1 / `critical' {
    scalar `rv_alpha' = (`f'^2 - `critical'^2) / (1 + `f'^2)
}
postfile `handle' str40 measure double value str200 note using "`rows'"
post `handle' ("estimate") (`b') ("coefficient of `p_focal'")
post `handle' ("std_error") (`se') ("")
post `handle' ("t_value") (`t') ("")
post `handle' ("partial_r2") (`part') ("share of the outcome's residual variance that the treatment explains; a confounder that explains all of the rest must explain this share of the treatment")
post `handle' ("robustness_value") (`rv') ("a confounder that explains this share of both removes `=100 * `p_reduction''% of the estimate; a weaker one does not")
post `handle' ("robustness_value_alpha") (`rv_alpha') ("the same for an estimate that is no longer significant at `=100 - `p_level''%")
postclose `handle'
ss_metric estimate = `b'
ss_metric partial_r2 = `part'
ss_metric robustness_value = `rv'
ss_metric robustness_value_alpha = `rv_alpha'
ss_event step name=estimate status=ok

ss_event step name=bounds status=begin
* a confounder that is once, twice, three times as strong as a control
postfile `handle' str128 benchmark double strength double r2_treatment double r2_outcome double estimate double std_error double statistic double ci_low double ci_high str40 note using "`bounds'"
local sign = sign(`b')
local t_half = invttail(`df', (1 - `p_level' / 100) / 2)
local place = 0
foreach control of local compared {
    local term "`control'"
    if !`: list control in p_controls_fv' {
        local term "i.`control'"
    }
    quietly regress `p_outcome' `p_focal' `p_controls_fv' if ss_use
    capture testparm `term'
    if _rc != 0 {
        ss_event note key=no_benchmark value=`control'
        continue
    }
    local own_y = r(F) * r(df) / (r(F) * r(df) + r(df_r))
    quietly regress `p_focal' `p_controls_fv' if ss_use
    quietly testparm `term'
    local own_d = r(F) * r(df) / (r(F) * r(df) + r(df_r))
    forvalues k = 1/3 {
        local d = `k' * `own_d' / (1 - `own_d')
        local link = `k' * `own_d'^2 / ((1 - `k' * `own_d') * (1 - `own_d'))
        if `d' >= 1 | `link' >= 1 | `link' < 0 {
            post `handle' ("`control'") (`k') (.) (.) (.) (.) (.) (.) (.) ("impossible: more than all variance")
            continue
        }
        local y = min(1, ((sqrt(`k') + sqrt(`link')) / sqrt(1 - `link'))^2 * `own_y' / (1 - `own_y'))
        local bias = `se' * sqrt(`df') * sqrt(`y' * `d' / (1 - `d'))
        local moved = `sign' * (abs(`b') - `bias')
        local moved_se = `se' * sqrt((1 - `y') / (1 - `d')) * sqrt(`df' / (`df' - 1))
        post `handle' ("`control'") (`k') (`d') (`y') (`moved') (`moved_se') ((`moved' - (1 - `p_reduction') * `b') / `moved_se') (`moved' - `t_half' * `moved_se') (`moved' + `t_half' * `moved_se') ("")
    }
    local place = `place' + 1
}
postclose `handle'
ss_metric n_benchmarks = `place'
ss_event step name=bounds status=ok

ss_event step name=export status=begin
ss_export using "table_sensitivity.csv", rows("`rows'")
ss_export using "table_bounds.csv", rows("`bounds'")
ss_label `p_focal'
local name = r(text)
ss_source
local engine "`r(engine)'"
local observed = `b'
preserve
quietly use "`bounds'", clear
quietly keep if !missing(estimate)
quietly generate long position = _n
local axis ""
forvalues i = 1/`=min(_N, 30)' {
    local axis `"`axis' `i' `"`=benchmark[`i']' x`=strength[`i']'"'"'
}
quietly keep in 1/`=min(_N, 30)'
twoway (rcap ci_low ci_high position, horizontal lcolor("0 114 178")) (scatter position estimate, mcolor("0 114 178")), ylabel(`axis', angle(0) nogrid) yscale(reverse) ///
    xline(0, lcolor(gs8) lpattern(dash)) xline(`observed', lcolor("213 94 0")) legend(off) title(`"Estimate of `macval(name)' with an omitted variable"') ytitle("As strong as") ///
    xtitle("Adjusted estimate with `p_level'% interval") note("N = `used'; line: estimate without an omitted variable; `engine'")
ss_figure using "fig_bounds.svg"
restore
ss_event step name=export status=ok
