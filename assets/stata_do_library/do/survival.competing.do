* survival.competing 1.0.0: several kinds of event that exclude each other: cumulative incidence and cause-specific hazards.
* Reads p_time p_event p_regressors(_fv) p_event_code p_group p_times p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_time' `p_event'
ss_sample `p_time' `p_event' `p_regressors', strok(`p_group')
quietly count if ss_use & (`p_event' != floor(`p_event') | `p_event' < 0)
ss_check not_integer, fail(r(N) > 0) value(r(N))
quietly levelsof `p_event' if ss_use & `p_event' > 0, local(causes)
local kinds : word count `causes'
ss_check one_level, fail(`kinds' < 2) value(`kinds')
ss_check too_many_levels, fail(`kinds' > 8) value(`kinds')
quietly count if ss_use & `p_event' == `p_event_code'
ss_check no_events, fail(r(N) == 0) value(r(N))
local events = r(N)
quietly count if ss_use & `p_time' <= 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
local groups = 1
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) levels(many) small
    local groups = r(groups)
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
quietly keep if ss_use
ss_event step name=sample status=ok

ss_event step name=incidence status=begin
* at the end of each quarter of follow-up unless times are stated
local times "`p_times'"
if "`times'" == "" {
    quietly summarize `p_time'
    local times "`=r(max) / 4' `=r(max) / 2' `=3 * r(max) / 4'"
}
tempname handle z
tempfile rows curves
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `handle' str2045 group double cause double time double at_risk double events double incidence double std_error double ci_low double ci_high using "`rows'"
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly count if ss_group == `g'
    local n = r(N)
    preserve
    quietly keep if ss_group == `g'
    quietly generate double ss_left = 1
    quietly generate double ss_any = `p_event' > 0
    foreach cause of local causes {
        quietly generate double ss_d`cause' = `p_event' == `cause'
    }
    collapse (sum) ss_left ss_any ss_d*, by(`p_time')
    sort `p_time'
    quietly generate double ss_risk = `n' - sum(ss_left) + ss_left
    quietly generate double ss_log = sum(ln(max(1 - ss_any / ss_risk, 1e-300)))
    quietly generate double ss_s = exp(ss_log)
    quietly replace ss_s = 0 if ss_s < 1e-200
    quietly generate double ss_before = cond(_n > 1, ss_s[_n - 1], 1)
    foreach cause of local causes {
        quietly generate double ss_f = sum(ss_before * ss_d`cause' / ss_risk)
        quietly generate double ss_all = sum(ss_d`cause')
        foreach time of local times {
            quietly count if `p_time' <= `time'
            local at = r(N)
            local value = 0
            local seen = 0
            local variance = 0
            if `at' > 0 {
                local value = ss_f[`at']
                local seen = ss_all[`at']
                * delta method (Marubini and Valsecchi 1995, 10.12)
                quietly generate double ss_term = (`value' - ss_f)^2 * cond(ss_risk > ss_any, ss_any / (ss_risk * (ss_risk - ss_any)), 0) + ss_before^2 * (ss_risk - ss_d`cause') * ss_d`cause' / ss_risk^3 - 2 * (`value' - ss_f) * ss_before * ss_d`cause' / ss_risk^2 in 1/`at'
                quietly summarize ss_term
                local variance = r(sum)
                drop ss_term
            }
            quietly summarize ss_left if `p_time' >= `time'
            local left = r(sum)
            local se = sqrt(`variance')
            * limits on the scale of ln(-ln)
            local low = .
            local high = .
            if `value' > 0 & `value' < 1 {
                local spread = `z' * `se' / (`value' * abs(ln(`value')))
                local low = `value'^exp(`spread')
                local high = `value'^exp(-`spread')
            }
            post `handle' (`"`macval(name)'"') (`cause') (`time') (`left') (`seen') (`value') (`se') (`low') (`high')
        }
        if `cause' == `p_event_code' {
            quietly generate double ss_shown = ss_f
        }
        drop ss_f ss_all
    }
    quietly generate long ss_line = `g'
    keep `p_time' ss_shown ss_line
    if `g' > 1 {
        quietly append using "`curves'"
    }
    quietly save "`curves'", replace
    restore
}
postclose `handle'
ss_event step name=incidence status=ok

ss_event step name=hazards status=begin
local list ""
foreach cause of local causes {
    quietly stset `p_time', failure(`p_event' == `cause') noshow
    stcox `p_regressors_fv', nohr level(`p_level')
    tempname m`cause'
    matrix `m`cause'' = r(table)
    ss_check converge, fail(e(converged) == 0) value(e(converged)) row(`cause')
    local list "`list' cause`cause' `m`cause''"
    if `cause' == `p_event_code' {
        local ll = e(ll)
        local chi2 = e(chi2)
        local p = e(p)
        local df = e(df_m)
        ss_check few_events, warn(`events' < 10 * `df') value(`events' / max(1, `df'))
    }
}
ss_metric ll = `ll'
ss_metric n_events = `events'
ss_metric chi2 = `chi2'
ss_event step name=hazards status=ok

ss_event step name=export status=begin
ss_export using "table_incidence.csv", rows("`rows'")
ss_models_table using "table_hazards.csv", models(`list') column(model) equation(_t) eform(hazard_ratio) focal(`: word 1 of `p_regressors'')
quietly count
local used = r(N)
ss_fit_table using "table_fit.csv", se(information matrix) values(N `used' causes `kinds' events `events' ll `ll' chi2 `chi2' p `p' df_m `df' level `p_level')
ss_label `p_time'
local axis = r(text)
ss_source
local engine "`r(engine)'"
local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
local plots ""
local order ""
forvalues g = 1/`=min(`groups', 6)' {
    local colour : word `g' of `colours'
    local name : label ss_group `g'
    local plots `"`plots' (line ss_shown `p_time' if ss_line == `g', connect(stairstep) lcolor("`colour'"))"'
    local order `"`macval(order)' `g' `"`macval(name)'"'"'
}
preserve
quietly use "`curves'", clear
sort ss_line `p_time'
twoway `plots', title("Cumulative incidence of event `p_event_code'") xtitle(`"`macval(axis)'"') ytitle("Share with the event") ylabel(, angle(0)) legend(order(`macval(order)')) note("Other events leave the risk; N = `used'; `engine'")
ss_figure using "fig_incidence.svg"
restore
ss_event step name=export status=ok
