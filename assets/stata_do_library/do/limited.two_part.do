* limited.two_part 1.0.0: whether there is any amount, and how much: logit, then gamma or log-linear regression.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_second p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls'
quietly count if ss_use & `p_outcome' < 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
quietly count if ss_use & `p_outcome' == 0
local zeros = r(N)
quietly count if ss_use
local n = r(N)
ss_check none_zero, warn(`zeros' == 0) value(`zeros')
ss_check one_level, fail(`zeros' == 0 | `zeros' == `n') value(`zeros')
quietly generate byte ss_any = `p_outcome' > 0 if ss_use
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname first second
logit ss_any `p_regressors_fv' `p_controls_fv' if ss_use, vce(robust) level(`p_level')
matrix `first' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged)) row(1)
local first_ll = e(ll)
local first_r2 = e(r2_p)
tempvar chance amount index
quietly predict double `chance' if ss_use, pr
local smear = 1
if "`p_second'" == "gamma_log" {
    glm `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use & ss_any == 1, family(gamma) link(log) vce(robust) level(`p_level')
    matrix `second' = r(table)
    ss_check converge, fail(e(converged) == 0) value(e(converged)) row(2)
    quietly predict double `index' if ss_use, xb
}
else {
    quietly generate double ss_log = ln(`p_outcome') if ss_any == 1
    regress ss_log `p_regressors_fv' `p_controls_fv' if ss_use & ss_any == 1, vce(robust) level(`p_level')
    matrix `second' = r(table)
    ss_check converge, value(1) row(2)
    quietly predict double `index' if ss_use, xb
    * Duan (1983): the mean of the exponentiated residuals brings logs back to amounts
    tempvar smeared
    quietly generate double `smeared' = exp(ss_log - `index') if ss_any == 1
    quietly summarize `smeared'
    local smear = r(mean)
}
local second_n = e(N)
quietly generate double `amount' = exp(`index') * `smear' if ss_use
quietly generate double ss_mean = `chance' * `amount' if ss_use
ss_metric ll_any = `first_ll'
ss_metric n_positive = `second_n'
ss_event step name=estimate status=ok

ss_event step name=combine status=begin
* effect of a regressor on the mean amount of all rows: through the chance and through the amount
tempname handle
tempfile rows
postfile `handle' str2045 term double any_effect double amount_effect double combined double share_through_any using "`rows'"
local columns : colnames `first'
local count = colsof(`first') - 1
forvalues j = 1/`count' {
    local term : word `j' of `columns'
    quietly _ms_parse_parts `term'
    local factor = "`r(type)'" == "factor"
    local base = 0
    if `factor' {
        local base = r(base)
        local of "`r(name)'"
        local level = r(level)
    }
    if r(omit) == 1 | `base' == 1 {
        continue
    }
    local b1 = el(`first', 1, `j')
    local b2 = el(`second', 1, colnumb(`second', "`term'"))
    tempvar up down one two logit_on logit_off amount_on amount_off
    quietly generate double `logit_on' = logit(`chance') if ss_use
    if `factor' {
        * a level against the base, everything else as observed
        quietly generate double `logit_off' = `logit_on' if ss_use
        quietly generate double `amount_off' = `index' if ss_use
        forvalues k = 1/`count' {
            local other : word `k' of `columns'
            quietly _ms_parse_parts `other'
            if "`r(type)'" == "factor" & "`r(name)'" == "`of'" {
                quietly replace `logit_off' = `logit_off' - el(`first', 1, `k') * (`of' == r(level)) if ss_use
                quietly replace `amount_off' = `amount_off' - el(`second', 1, colnumb(`second', "`other'")) * (`of' == r(level)) if ss_use
            }
        }
        quietly generate double `one' = (invlogit(`logit_off' + `b1') - invlogit(`logit_off')) if ss_use
        quietly generate double `two' = (exp(`amount_off' + `b2') - exp(`amount_off')) * `smear' if ss_use
        quietly generate double `up' = (invlogit(`logit_off' + `b1') * exp(`amount_off' + `b2') - invlogit(`logit_off') * exp(`amount_off')) * `smear' if ss_use
        quietly generate double `down' = `one' * exp(`amount_off') * `smear' if ss_use
    }
    else {
        quietly generate double `one' = `b1' * `chance' * (1 - `chance') if ss_use
        quietly generate double `two' = `b2' * `amount' if ss_use
        quietly generate double `up' = `one' * `amount' + `chance' * `two' if ss_use
        quietly generate double `down' = `one' * `amount' if ss_use
    }
    foreach part in one two up down {
        quietly summarize ``part'' if ss_use
        local m_`part' = r(mean)
    }
    post `handle' ("`term'") (`m_one') (`m_two') (`m_up') (`m_down' / `m_up')
    drop `logit_on' `one' `two' `up' `down'
}
postclose `handle'
quietly summarize ss_mean if ss_use
local fitted = r(mean)
quietly summarize `p_outcome' if ss_use
local observed = r(mean)
ss_metric mean_fitted = `fitted'
ss_event step name=combine status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", se(robust) values(N `n' n_zero `zeros' n_positive `second_n' N_amount `second_n' ll_any `first_ll' r2_p_any `first_r2' mean_observed `observed' mean_fitted `fitted' smearing `smear' level `p_level')
ss_models_table using "table_coefficients.csv", models(any `first' amount `second') focal(`: word 1 of `p_regressors'') equation(`p_outcome')
ss_export using "table_combined.csv", rows("`rows'")
ss_event step name=export status=ok
