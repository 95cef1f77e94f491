* survival.rmst 1.0.0: mean survival time up to a limit by group, and its difference, without proportional hazards.
* Reads p_time p_failure p_group p_limit p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_time' `p_failure'
ss_sample `p_time' `p_failure', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
ss_survival `p_time' `p_failure', group(ss_group)
* the curve of a group is known up to its last time
local reach = .
forvalues g = 1/`groups' {
    quietly summarize `p_time' if ss_group == `g'
    local reach = min(`reach', r(max))
}
local limit = cond("`p_limit'" == "", `reach', real("`p_limit'"))
ss_check bounds_order, fail(`limit' <= 0 | `limit' > `reach' + 1e-9) value(`limit')
ss_metric limit = `limit'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle z area variance
tempfile rows pairs
quietly sts generate ss_s = s, by(ss_group)
sts test ss_group
local logrank = chi2tail(r(df), r(chi2))
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `handle' str2045 group double n double events double rmst double std_error double ci_low double ci_high double time_lost using "`rows'"
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly count if ss_group == `g'
    local n = r(N)
    quietly count if ss_group == `g' & `p_failure' == 1 & `p_time' <= `limit'
    local events = r(N)
    preserve
    quietly keep if ss_group == `g'
    quietly generate double ss_one = 1
    collapse (sum) ss_died = `p_failure' ss_left = ss_one (min) ss_s, by(`p_time')
    sort `p_time'
    * number at risk just before each time
    quietly generate double ss_risk = `n' - sum(ss_left) + ss_left
    quietly generate double ss_end = min(`limit', cond(_n < _N, `p_time'[_n + 1], `limit'))
    * area under the curve from each time to the next, and from each time to the limit
    quietly generate double ss_part = max(0, ss_end - `p_time') * ss_s
    quietly summarize ss_part
    scalar `area' = min(`limit', `p_time'[1]) + r(sum)
    gsort -`p_time'
    quietly generate double ss_ahead = sum(ss_part)
    quietly generate double ss_term = cond(ss_died > 0 & ss_risk > ss_died & `p_time' <= `limit', ss_ahead^2 * ss_died / (ss_risk * (ss_risk - ss_died)), 0)
    quietly summarize ss_term
    scalar `variance' = r(sum)
    restore
    local mean`g' = `area'
    local var`g' = `variance'
    post `handle' (`"`macval(name)'"') (`n') (`events') (`area') (sqrt(`variance')) (`area' - `z' * sqrt(`variance')) (`area' + `z' * sqrt(`variance')) (`limit' - `area')
}
postclose `handle'
postfile `handle' str2045 group str2045 against double difference double std_error double statistic double p_value double ci_low double ci_high double ratio double ratio_low double ratio_high using "`pairs'"
forvalues g = 2/`groups' {
    local one : label ss_group 1
    local two : label ss_group `g'
    local gap = `mean`g'' - `mean1'
    local se = sqrt(`var`g'' + `var1')
    local log_se = sqrt(`var`g'' / `mean`g''^2 + `var1' / `mean1'^2)
    post `handle' (`"`macval(two)'"') (`"`macval(one)'"') (`gap') (`se') (`gap' / `se') (2 * normal(-abs(`gap' / `se'))) (`gap' - `z' * `se') (`gap' + `z' * `se') (`mean`g'' / `mean1') (exp(ln(`mean`g'' / `mean1') - `z' * `log_se')) (exp(ln(`mean`g'' / `mean1') + `z' * `log_se'))
    if `g' == 2 {
        ss_metric difference = `gap'
        ss_metric p = 2 * normal(-abs(`gap' / `se'))
    }
}
postclose `handle'
ss_metric p_logrank = `logrank'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_rmst.csv", rows("`rows'")
ss_export using "table_differences.csv", rows("`pairs'")
quietly count if ss_use
local used = r(N)
ss_fit_table using "table_fit.csv", se(Greenwood) values(N `used' limit `limit' largest_limit `reach' p_logrank `logrank' level `p_level')
quietly sts generate ss_low = lb(s) ss_high = ub(s), by(ss_group)
ss_km_plot using "fig_km.svg", group(ss_group) time(`p_time') level(`p_level')
ss_event step name=export status=ok
