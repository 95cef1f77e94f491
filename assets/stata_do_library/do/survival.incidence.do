* survival.incidence 1.0.0: events per time at risk, overall and by group, with exact limits and rate ratios.
* Reads p_time p_failure p_group p_per p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_time' `p_failure'
ss_sample `p_time' `p_failure', strok(`p_group')
local groups = 0
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) levels(many) small
    local groups = r(groups)
}
ss_survival `p_time' `p_failure'
local events = r(events)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle tail rate low high ratio
tempfile rows ratios
scalar `tail' = (1 - `p_level' / 100) / 2
stptime, per(`p_per') level(`p_level')
postfile `handle' str2045 group double n double events double time_at_risk double rate double ci_low double ci_high using "`rows'"
forvalues g = 0/`groups' {
    local name "all"
    local condition "ss_use"
    if `g' > 0 {
        local name : label ss_group `g'
        local condition "ss_use & ss_group == `g'"
    }
    quietly summarize `p_time' if `condition'
    local n`g' = r(N)
    local t`g' = r(sum)
    quietly count if `condition' & `p_failure' == 1
    local d`g' = r(N)
    * exact Poisson limits (Garwood 1936)
    scalar `low' = cond(`d`g'' > 0, invgammap(max(1, `d`g''), `tail'), 0)
    scalar `high' = invgammap(`d`g'' + 1, 1 - `tail')
    post `handle' (`"`macval(name)'"') (`n`g'') (`d`g'') (`t`g'') (`p_per' * `d`g'' / `t`g'') (`p_per' * `low' / `t`g'') (`p_per' * `high' / `t`g'')
}
postclose `handle'
ss_metric n_events = `events'
ss_metric rate = `p_per' * `d0' / `t0'
postfile `handle' str2045 group str2045 against double rate_ratio double ci_low double ci_high double rate_difference double diff_low double diff_high double p_value using "`ratios'"
forvalues g = 2/`groups' {
    local one : label ss_group 1
    local two : label ss_group `g'
    local both = `d1' + `d`g''
    local share = `t`g'' / (`t1' + `t`g'')
    scalar `low' = .
    scalar `high' = .
    scalar `rate' = .
    if `both' > 0 {
        * given the sum, the events of one group are binomial
        quietly cii proportions `both' `d`g'', exact level(`p_level')
        scalar `low' = r(lb) / (1 - r(lb)) * `t1' / `t`g''
        scalar `high' = cond(r(ub) < 1, r(ub) / (1 - r(ub)) * `t1' / `t`g'', .)
        scalar `rate' = min(1, 2 * min(binomial(`both', `d`g'', `share'), binomialtail(`both', `d`g'', `share')))
    }
    local gap = `d`g'' / `t`g'' - `d1' / `t1'
    local spread = invnormal(1 - `tail') * sqrt(`d`g'' / `t`g''^2 + `d1' / `t1'^2)
    post `handle' (`"`macval(two)'"') (`"`macval(one)'"') (cond(`d1' > 0, (`d`g'' / `t`g'') / (`d1' / `t1'), .)) (`low') (`high') (`p_per' * `gap') (`p_per' * (`gap' - `spread')) (`p_per' * (`gap' + `spread')) (`rate')
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_rates.csv", rows("`rows'")
if `groups' > 0 {
    ss_export using "table_ratios.csv", rows("`ratios'")
}
ss_source
ss_bar_plot using "fig_rates.svg", rows("`rows'") height(rate) names(group) title("Events per `p_per' units of time at risk") xtitle("Rate") ytitle("") note("N = `n0' rows, `events' events; `r(engine)'")
ss_event step name=export status=ok
