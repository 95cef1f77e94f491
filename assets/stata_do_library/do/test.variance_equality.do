* test.variance_equality 1.0.0: do groups have the same spread? Levene, Brown-Forsythe, Bartlett, and F for two groups.
* Reads p_variable p_group.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table spreads largest smallest ratio
tempfile rows spread_rows
postfile `spreads' str2045 group double n double mean double median double sd double variance double iqr using "`spread_rows'"
scalar `largest' = .
scalar `smallest' = .
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly summarize `p_variable' if ss_group == `g', detail
    post `spreads' (`"`macval(name)'"') (r(N)) (r(mean)) (r(p50)) (r(sd)) (r(Var)) (r(p75) - r(p25))
    if r(N) > 1 {
        scalar `largest' = cond(missing(`largest'), r(Var), max(`largest', r(Var)))
        scalar `smallest' = min(`smallest', r(Var))
    }
}
postclose `spreads'
scalar `ratio' = cond(`smallest' > 0, `largest' / `smallest', .)
ss_metric variance_ratio = `ratio'
postfile `table' str32 test double statistic double df1 double df2 double p_value str244 note using "`rows'"
* Levene (1960) and Brown and Forsythe (1974): analysis of variance of distances from the group's centre
tempvar centre distance
foreach kind in mean median {
    if "`kind'" == "mean" {
        quietly egen double `centre' = mean(`p_variable') if ss_use, by(ss_group)
    }
    else {
        quietly egen double `centre' = median(`p_variable') if ss_use, by(ss_group)
    }
    quietly generate double `distance' = abs(`p_variable' - `centre') if ss_use
    oneway `distance' ss_group if ss_use
    local test = cond("`kind'" == "mean", "levene", "brown_forsythe")
    post `table' ("`test'") (r(F)) (r(df_m)) (r(df_r)) (Ftail(r(df_m), r(df_r), r(F))) ("F, distances from the group `kind'; null: equal variances")
    if "`kind'" == "median" {
        ss_metric f_stat = r(F)
        ss_metric p = Ftail(r(df_m), r(df_r), r(F))
        local unequal = Ftail(r(df_m), r(df_r), r(F)) < 0.05
    }
    drop `centre' `distance'
}
oneway `p_variable' ss_group if ss_use
post `table' ("bartlett") (r(chi2bart)) (r(df_bart)) (.) (chi2tail(r(df_bart), r(chi2bart))) ("chi2, needs normal data; null: equal variances")
if `groups' == 2 {
    sdtest `p_variable' if ss_use, by(ss_group)
    post `table' ("variance_ratio_f") (r(F)) (r(df_1)) (r(df_2)) (min(1, 2 * min(Ftail(r(df_1), r(df_2), r(F)), F(r(df_1), r(df_2), r(F))))) ("F, variance of the first group over the second, needs normal data")
}
postclose `table'
ss_check unequal_var, warn(`unequal') value(`ratio')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`rows'")
ss_export using "table_spread.csv", rows("`spread_rows'")
ss_box_plot using "fig_box.svg", variable(`p_variable') group(ss_group)
ss_event step name=export status=ok
