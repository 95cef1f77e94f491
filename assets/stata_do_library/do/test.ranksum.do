* test.ranksum 1.0.1: Wilcoxon rank-sum (Mann-Whitney) test of two groups.
* Reads p_variable p_group.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(two) small
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
ranksum `p_variable' if ss_use, by(ss_group) porder
tempname table z p exact order
tempfile rows
scalar `z' = r(z)
scalar `p' = 2 * normal(-abs(r(z)))
* up to 200 values; an older Stata has none
scalar `exact' = r(p_exact)
scalar `order' = r(porder)
tempvar rank
quietly egen double `rank' = rank(`p_variable') if ss_use
postfile `table' str32 test double estimate double expected double statistic double p_value double n str244 note using "`rows'"
quietly count if ss_use
local total = r(N)
forvalues g = 1/2 {
    local name : label ss_group `g'
    quietly summarize `rank' if ss_group == `g'
    post `table' ("rank_sum_group`g'") (r(sum)) (r(N) * (`total' + 1) / 2) (.) (.) (r(N)) (`"`macval(name)'"')
    quietly summarize `p_variable' if ss_use & ss_group == `g', detail
    post `table' ("median_group`g'") (r(p50)) (.) (.) (.) (r(N)) (`"`macval(name)'"')
}
post `table' ("ranksum_z") (.) (.) (`z') (`p') (`total') ("normal approximation, variance adjusted for ties")
if !missing(`exact') {
    post `table' ("exact") (.) (.) (.) (`exact') (`total') ("exact distribution")
}
post `table' ("prob_group1_larger") (`order') (0.5) (.) (.) (`total') ("probability that a value of group 1 exceeds one of group 2, ties half")
postclose `table'
ss_metric z = `z'
ss_metric p = cond(missing(`exact'), `p', `exact')
ss_metric prob_larger = `order'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_ranksum.csv", rows("`rows'")
ss_box_plot using "fig_box.svg", variable(`p_variable') group(ss_group)
ss_event step name=export status=ok
