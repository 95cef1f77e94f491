* survival.km_logrank 1.2.0: Kaplan-Meier survivor function, medians and tests of equality between groups.
* Reads p_time p_failure p_group p_times p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_time'
confirm numeric variable `p_failure'
ss_sample `p_time' `p_failure', strok(`p_group')
local groups = 1
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) levels(many) small
    local groups = r(groups)
    ss_check too_many_levels, fail(`groups' > 12) value(`groups')
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
ss_survival `p_time' `p_failure', group(ss_group)
local events_all = r(events)
ss_event metric name=n_events value=`events_all'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname medians tests chi2 df p median se low high
tempfile median_rows test_rows
* mean times of groups compare up to the last time that every group has
local reach = .
forvalues g = 1/`groups' {
    quietly summarize _t if ss_group == `g' & _st == 1
    local reach = min(`reach', r(max))
}
ss_metric limit = `reach'
quietly sts generate ss_s = s ss_se = se(s) ss_low = lb(s) ss_high = ub(s), by(ss_group) level(`p_level')
stci, by(ss_group) level(`p_level')
postfile `medians' str244 group double n double events double time_at_risk double median double std_error double ci_low double ci_high double restricted_mean double restricted_mean_se using "`median_rows'"
forvalues g = 1/`groups' {
    local text : label ss_group `g'
    quietly summarize _t if ss_group == `g' & _st == 1
    local n = r(N)
    local total = r(sum)
    quietly count if ss_group == `g' & _d == 1
    local events = r(N)
    quietly stci if ss_group == `g', level(`p_level')
    scalar `median' = r(p50)
    scalar `se' = r(se)
    scalar `low' = r(lb)
    scalar `high' = r(ub)
    preserve
    quietly keep if ss_group == `g' & _st == 1
    quietly stset `p_time', failure(`p_failure') exit(time `reach')
    quietly stci, rmean
    restore
    post `medians' (`"`macval(text)'"') (`n') (`events') (`total') (`median') (`se') (`low') (`high') (r(rmean)) (r(se))
    if `g' == 1 {
        ss_metric median_first = `median'
    }
}
postclose `medians'
if `groups' > 1 {
    postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
    sts test ss_group
    scalar `chi2' = r(chi2)
    scalar `df' = r(df)
    scalar `p' = chi2tail(r(df), r(chi2))
    post `tests' ("logrank") (`chi2') (`df') (.) (`p') ("equal weight to all event times")
    ss_metric chi2 = `chi2'
    ss_metric p = `p'
    sts test ss_group, wilcoxon
    post `tests' ("wilcoxon") (r(chi2)) (r(df)) (.) (chi2tail(r(df), r(chi2))) ("more weight to early event times")
    sts test ss_group, peto
    post `tests' ("peto") (r(chi2)) (r(df)) (.) (chi2tail(r(df), r(chi2))) ("weighted by the survivor function of all groups")
    postclose `tests'
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_km_table using "table_survival.csv", group(ss_group) times(`p_times')
ss_export using "table_medians.csv", rows("`median_rows'")
quietly summarize _t if _st == 1
ss_fit_table using "table_fit.csv", values(N r(N) n_events `events_all' time_at_risk r(sum) groups `groups' limit `reach' level `p_level') se(Greenwood)
if `groups' > 1 {
    ss_export using "table_logrank.csv", rows("`test_rows'")
    local shown = strtrim(string(`p', "%6.4f"))
    local text "log-rank test: p = `shown'"
    if `p' < 0.0001 {
        local text "log-rank test: p < 0.0001"
    }
    ss_km_plot using "fig_km.svg", group(ss_group) time(`p_time') level(`p_level') subtitle("`macval(text)'")
}
else {
    ss_km_plot using "fig_km.svg", group(ss_group) time(`p_time') level(`p_level')
}
ss_event step name=export status=ok
