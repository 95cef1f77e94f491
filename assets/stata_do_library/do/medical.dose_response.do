* medical.dose_response 1.0.0: which dose affects a given share of subjects? Logit or probit of a yes/no response on the dose.
* Reads p_outcome p_dose p_log_dose p_link p_shares p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_dose'
ss_sample `p_outcome' `p_dose'
ss_binary `p_outcome'
quietly count if ss_use & `p_dose' <= 0
local low = r(N)
ss_check neg_values, fail(`p_log_dose' == 1 & `low' > 0) value(`low')
quietly levelsof `p_dose' if ss_use
ss_check too_few_values, fail(r(r) < 3) value(r(r))
local broken = 0
foreach share of local p_shares {
    local broken = `broken' + (`share' <= 0 | `share' >= 100)
}
ss_check bounds_order, fail(`broken' > 0) value(`broken')
if `p_log_dose' == 1 {
    quietly generate double ss_x = ln(`p_dose') if ss_use
    local scale "natural logarithm of the dose"
}
else {
    quietly generate double ss_x = `p_dose' if ss_use
    local scale "dose"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients v table slope intercept g z target x se half centre spread
tempfile rows
if "`p_link'" == "logit" {
    logit `p_outcome' ss_x if ss_use, level(`p_level')
}
else {
    probit `p_outcome' ss_x if ss_use, level(`p_level')
}
matrix `coefficients' = r(table)
matrix `v' = e(V)
ss_check converge, fail(e(converged) == 0) value(e(converged))
scalar `slope' = _b[ss_x]
scalar `intercept' = _b[_cons]
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
* Fieller's g: at one or more the data set no limits to the dose
scalar `g' = (`z' / (`slope' / _se[ss_x]))^2
ss_metric ll = e(ll)
ss_metric slope = `slope'
postfile `table' double share_percent double dose double scale double std_error double delta_low double delta_high double fieller_low double fieller_high str80 note using "`rows'"
foreach share of local p_shares {
    scalar `target' = cond("`p_link'" == "logit", ln(`share' / (100 - `share')), invnormal(`share' / 100))
    scalar `x' = (`target' - `intercept') / `slope'
    scalar `se' = sqrt(el(`v', 2, 2) + 2 * `x' * el(`v', 1, 2) + `x'^2 * el(`v', 1, 1)) / abs(`slope')
    scalar `centre' = .
    scalar `spread' = .
    local note ""
    if `g' < 1 {
        scalar `centre' = `x' + `g' / (1 - `g') * (`x' + el(`v', 1, 2) / el(`v', 1, 1))
        scalar `spread' = `z' / (abs(`slope') * (1 - `g')) * sqrt(el(`v', 2, 2) + 2 * `x' * el(`v', 1, 2) + `x'^2 * el(`v', 1, 1) - `g' * (el(`v', 2, 2) - el(`v', 1, 2)^2 / el(`v', 1, 1)))
    }
    else {
        local note "no Fieller limits: the slope is not different from zero"
    }
    foreach name in dose delta_low delta_high fieller_low fieller_high {
        local at "`x'"
        if "`name'" == "delta_low" {
            local at "`x' - `z' * `se'"
        }
        if "`name'" == "delta_high" {
            local at "`x' + `z' * `se'"
        }
        if "`name'" == "fieller_low" {
            local at "`centre' - `spread'"
        }
        if "`name'" == "fieller_high" {
            local at "`centre' + `spread'"
        }
        tempname `name'
        scalar ``name'' = `at'
        if `p_log_dose' == 1 {
            scalar ``name'' = exp(`at')
        }
    }
    post `table' (`share') (`dose') (`x') (`se') (`delta_low') (`delta_high') (`fieller_low') (`fieller_high') ("`note'")
    if `share' == 50 {
        ss_metric dose_50 = `dose'
    }
}
postclose `table'
* grouped data: observed against fitted numbers at each dose
tempvar fitted observed expected number first part
quietly predict double `fitted' if ss_use, pr
quietly egen double `observed' = total(`p_outcome') if ss_use, by(`p_dose')
quietly egen double `number' = count(`p_outcome') if ss_use, by(`p_dose')
quietly egen byte `first' = tag(`p_dose') if ss_use
quietly generate double `part' = (`observed' - `number' * `fitted')^2 / (`number' * `fitted' * (1 - `fitted')) if `first' == 1
quietly summarize `part'
local fit_chi2 = r(sum)
local fit_df = r(N) - 2
local fit_p = chi2tail(`fit_df', `fit_chi2')
ss_metric fit_p = `fit_p'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 chi2 r2_p) se(information matrix) values(fieller_g `g' dose_chi2 `fit_chi2' dose_df `fit_df' dose_p `fit_p' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(ss_x) results
ss_export using "table_doses.csv", rows("`rows'")
quietly generate double ss_seen = `observed' / `number' if `first' == 1
ss_label `p_dose'
local words = r(text)
ss_label `p_outcome'
local response = r(text)
quietly summarize ss_x if ss_use
local from = r(min)
local to = r(max)
local a = `intercept'
local b = `slope'
local curve "1 / (1 + exp(-(`a' + `b' * x)))"
if "`p_link'" == "probit" {
    local curve "normal(`a' + `b' * x)"
}
quietly count if ss_use
local used = r(N)
ss_source
twoway (function y = `curve', range(`from' `to') lcolor("0 114 178")) (scatter ss_seen ss_x if `first' == 1, mcolor("213 94 0")), ///
    title(`"Response to the dose: `macval(response)'"') xtitle(`"`macval(words)' (`scale')"') ytitle("Share responding") ylabel(0(0.25)1, angle(0)) legend(order(1 "fitted (`p_link')" 2 "observed share")) note("N = `used'; `r(engine)'")
ss_figure using "fig_curve.svg"
ss_event step name=export status=ok
