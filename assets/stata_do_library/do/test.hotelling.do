* test.hotelling 1.0.0: do the means of several outcomes differ between two groups? Hotelling's T-squared and each outcome alone.
* Reads p_vars p_group p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', strok(`p_group') maxloss(0.2)
ss_groups `p_group', generate(ss_group) levels(two) small
local k : word count `p_vars'
quietly count if ss_use
local used = r(N)
ss_check few_df, fail(`used' - `k' - 1 < 1) value(`used' - `k' - 1)
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle t2 f p df
tempfile tests rows
capture noisily hotelling `p_vars' if ss_use, by(ss_group)
local rc = _rc
ss_check collinear, fail(`rc' != 0) value(`rc')
scalar `t2' = r(T2)
scalar `f' = r(F)
scalar `df' = r(df)
scalar `p' = r(p)
ss_metric t2 = `t2'
ss_metric p = `p'
forvalues g = 1/2 {
    quietly count if ss_use & ss_group == `g'
    local n`g' = r(N)
}
* Mahalanobis distance of the two centres, from T-squared
local distance = sqrt(`t2' * (`n1' + `n2') / (`n1' * `n2'))
postfile `handle' str32 test double statistic double df1 double df2 double p_value str120 note using "`tests'"
post `handle' ("hotelling_t2") (`t2') (.) (.) (.) ("T-squared of two groups with equal covariances")
post `handle' ("f") (`f') (`k') (`df') (`p') ("F; null: all means are equal")
post `handle' ("wilks_lambda") (1 / (1 + `t2' / (`used' - 2))) (.) (.) (.) ("share of the generalised variance within groups")
post `handle' ("mahalanobis") (`distance') (.) (.) (.) ("distance between the group centres in standard deviations")
postclose `handle'
local least = .
postfile `handle' str128 variable double mean_first double sd_first double mean_second double sd_second double difference double std_error double statistic double p_value double ci_low double ci_high double p_bonferroni double cohen_d using "`rows'"
foreach variable of local p_vars {
    quietly ttest `variable' if ss_use, by(ss_group) level(`p_level')
    local gap = r(mu_1) - r(mu_2)
    local pooled = r(se) / sqrt(1 / `n1' + 1 / `n2')
    local half = invttail(r(df_t), (1 - `p_level' / 100) / 2) * r(se)
    post `handle' ("`variable'") (r(mu_1)) (r(sd_1)) (r(mu_2)) (r(sd_2)) (`gap') (r(se)) (r(t)) (r(p)) (`gap' - `half') (`gap' + `half') (min(1, `k' * r(p))) (`gap' / `pooled')
    local least = min(`least', r(p))
}
postclose `handle'
ss_metric least_p = `least'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_test.csv", rows("`tests'")
ss_export using "table_variables.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(N `used' n_first `n1' n_second `n2' variables `k' level `p_level') se(pooled covariance)
ss_event step name=export status=ok
