* did.event_study 1.3.0: effects by period relative to the event, with unit and period effects.
* Reads p_outcome p_treatment p_panel_id p_time_var p_event_time p_adopt_time_var p_base_period p_leads p_lags p_controls(_fv) p_cluster_var p_weight_var p_weight_kind p_level.
local kind = cond("`p_weight_var'" != "", "`p_weight_kind'", "none")
local weight ""
if "`kind'" != "none" {
    local weight "[`kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment'
ss_sample `p_outcome' `p_treatment' `p_time_var' `p_controls', strok(`p_panel_id' `p_cluster_var') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
ss_panel `p_panel_id' `p_time_var'
local period "`r(period)'"
* treated units: those with the treatment mark in some row; the event: stated, adopted, or first treated period
tempvar ever start
quietly egen byte `ever' = max(`p_treatment') if ss_use, by(ss_panel)
if "`p_event_time'" != "" {
    quietly generate double `start' = `p_event_time' if ss_use & `ever' == 1
}
else if "`p_adopt_time_var'" != "" {
    quietly generate double `start' = `p_adopt_time_var' if ss_use & `ever' == 1
}
else {
    quietly egen double `start' = min(cond(`p_treatment' == 1, `p_time_var', .)) if ss_use, by(ss_panel)
}
quietly summarize `start' if ss_use
ss_check staggered, warn(r(N) > 0 & r(max) > r(min)) value(r(max) - r(min))
quietly keep if ss_use
xtset ss_panel ss_period
local cluster "ss_panel"
local clusters "`p_panel_id'"
if "`p_cluster_var'" != "" {
    local cluster "`p_cluster_var'"
    local clusters "`p_cluster_var'"
}
ss_clusters `cluster'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
* indicators of the relative periods; the ends collect what lies beyond them
quietly generate double ss_relative = max(-`p_leads', min(`p_lags', `p_time_var' - `start')) if !missing(`start')
local indicators ""
local before ""
local smallest = .
forvalues k = -`p_leads'/`p_lags' {
    quietly count if ss_relative == `k'
    local smallest = min(`smallest', r(N))
    if `k' != `p_base_period' {
        local name = cond(`k' < 0, "ss_lead`=-`k''", "ss_lag`k'")
        quietly generate byte `name' = ss_relative == `k'
        local indicators "`indicators' `name'"
        if `k' < 0 {
            local before "`before' `name'"
        }
    }
}
ss_check empty_cell, fail(`smallest' == 0) value(`smallest')
xtreg `p_outcome' `indicators' `p_controls_fv' i.`period' `weight', fe vce(cluster `cluster') level(`p_level')
tempname table tests half
tempfile rows test_rows
scalar `half' = invttail(e(df_r), (1 - `p_level' / 100) / 2)
local used = e(N)
postfile `table' double relative_period double estimate double std_error double statistic double p_value double ci_low double ci_high double n str20 note using "`rows'"
forvalues k = -`p_leads'/`p_lags' {
    quietly count if ss_relative == `k'
    if `k' == `p_base_period' {
        post `table' (`k') (0) (.) (.) (.) (.) (.) (r(N)) ("base")
    }
    else {
        local name = cond(`k' < 0, "ss_lead`=-`k''", "ss_lag`k'")
        post `table' (`k') (_b[`name']) (_se[`name']) (_b[`name'] / _se[`name']) (2 * ttail(e(df_r), abs(_b[`name'] / _se[`name']))) (_b[`name'] - `half' * _se[`name']) (_b[`name'] + `half' * _se[`name']) (r(N)) ("")
    }
}
postclose `table'
ss_metric n_groups = e(N_g)
* mean of the effects from the event on
local after ""
local number = 0
forvalues k = 0/`p_lags' {
    if `k' != `p_base_period' {
        local after "`after' + ss_lag`k'"
        local number = `number' + 1
    }
}
local after = substr("`after'", 4, .)
quietly lincom (`after') / `number'
local mean_after = r(estimate)
local mean_after_se = r(se)
local mean_after_p = r(p)
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
if "`before'" != "" {
    test `before'
    post `tests' ("pre_trend") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: no difference before the event")
    ss_metric p_pretrend = r(p)
}
else {
    post `tests' ("pre_trend") (.) (0) (.) (.) ("no period before the base period")
    ss_metric p_pretrend = .
}
postclose `tests'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g r2_w sigma_u sigma_e rho F df_r) se(cluster `clusters') clusters(`clusters') weight(`kind') values(mean_after `mean_after' mean_after_se `mean_after_se' mean_after_p `mean_after_p' level `p_level')
ss_export using "table_event_coefficients.csv", rows("`rows'")
ss_export using "table_pretrend_test.csv", rows("`test_rows'")
ss_label `p_outcome'
ss_event_plot using "fig_event_study.svg", rows("`rows'") title(`"`=r(text)'"') n(`used') level(`p_level') base(`p_base_period')
ss_event step name=export status=ok
