* test.trend 1.0.0: is there a monotone trend over ordered groups?
* Reads p_variable p_ordered_group.
ss_event step name=sample status=begin
confirm numeric variable `p_variable' `p_ordered_group'
ss_sample `p_variable' `p_ordered_group'
ss_groups `p_ordered_group', generate(ss_group) levels(many) small
local groups = r(groups)
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table z rho
tempfile rows
postfile `table' str32 test double estimate double statistic double p_value double n str244 note using "`rows'"
quietly count if ss_use
local used = r(N)
nptrend `p_variable' if ss_use, by(ss_group)
scalar `z' = r(z)
post `table' ("cuzick") (.) (`z') (2 * normal(-abs(`z'))) (`used') ("z of ranks against group numbers, adjusted for ties; null: no trend")
ss_metric z = `z'
ss_metric p = 2 * normal(-abs(`z'))
* Jonckheere and Terpstra: pairs in order, variance with ties in both ([R] nptrend)
tempname pairs expected variance size ties
scalar `pairs' = 0
tempvar rank level
forvalues g = 2/`groups' {
    local below = `g' - 1
    forvalues h = 1/`below' {
        quietly egen double `rank' = rank(`p_variable') if ss_use & (ss_group == `g' | ss_group == `h')
        quietly summarize `rank' if ss_group == `g'
        scalar `pairs' = `pairs' + r(sum) - r(N) * (r(N) + 1) / 2
        drop `rank'
    }
}
tempname a2 a3 a5 b2 b3 b5
foreach letter in a b {
    scalar ``letter'2' = 0
    scalar ``letter'3' = 0
    scalar ``letter'5' = 0
}
quietly egen long `level' = group(`p_variable') if ss_use
foreach part in a b {
    local by = cond("`part'" == "a", "ss_group", "`level'")
    tempvar count first
    quietly egen double `count' = count(`p_variable') if ss_use, by(`by')
    quietly egen byte `first' = tag(`by') if ss_use
    tempvar two three five
    quietly generate double `two' = `count' * (`count' - 1) if `first' == 1
    quietly generate double `three' = `two' * (`count' - 2) if `first' == 1
    quietly generate double `five' = `two' * (2 * `count' + 5) if `first' == 1
    foreach power in two three five {
        local digit = cond("`power'" == "two", 2, cond("`power'" == "three", 3, 5))
        quietly summarize ``power''
        scalar ``part'`digit'' = r(sum)
    }
}
quietly egen double `rank' = count(`p_variable') if ss_use, by(ss_group)
quietly egen byte ss_first = tag(ss_group) if ss_use
quietly generate double ss_square = `rank'^2 if ss_first == 1
quietly summarize ss_square
scalar `expected' = (`used'^2 - r(sum)) / 4
scalar `variance' = (`used' * (`used' - 1) * (2 * `used' + 5) - `a5' - `b5') / 72 + `a3' * `b3' / (36 * `used' * (`used' - 1) * (`used' - 2)) + `a2' * `b2' / (8 * `used' * (`used' - 1))
scalar `z' = (`pairs' - `expected') / sqrt(`variance')
post `table' ("jonckheere_terpstra") (`pairs') (`z') (2 * normal(-abs(`z'))) (`used') ("pairs in order, ties count one half; null: no trend")
ss_metric jt_z = `z'
spearman `p_variable' ss_group if ss_use
post `table' ("spearman") (r(rho)) (.) (r(p)) (`used') ("rank correlation with the group number")
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly summarize `p_variable' if ss_group == `g', detail
    post `table' ("mean_group`g'") (r(mean)) (.) (.) (r(N)) (`"`macval(name)'"')
    post `table' ("median_group`g'") (r(p50)) (.) (.) (r(N)) (`"`macval(name)'"')
}
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_trend.csv", rows("`rows'")
ss_box_plot using "fig_box.svg", variable(`p_variable') group(ss_group)
ss_event step name=export status=ok
