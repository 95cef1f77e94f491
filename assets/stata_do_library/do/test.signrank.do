* test.signrank 1.0.1: Wilcoxon signed-rank and sign test of two measurements of the same units.
* Reads p_first p_second. The change is second minus first.
ss_event step name=sample status=begin
confirm numeric variable `p_first' `p_second'
ss_sample `p_first' `p_second', maxloss(0.2)
* changes that agree to seven digits are ties
quietly generate double ss_change = `p_second' - `p_first' if ss_use
quietly generate double ss_shift = float(ss_change) if ss_use
quietly count if ss_shift != 0 & ss_use
ss_check zero_spread, fail(r(N) == 0) value(r(N))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table z exact share
tempfile rows
postfile `table' str32 test double estimate double statistic double p_value double n str244 note using "`rows'"
quietly count if ss_use
local used = r(N)
signrank ss_shift = 0 if ss_use
scalar `z' = r(z)
* up to 200 pairs; an older Stata has none
scalar `exact' = r(p_exact)
local pairs = r(N_pos) + r(N_neg)
scalar `share' = (r(sum_pos) - r(sum_neg)) / (r(sum_pos) + r(sum_neg))
post `table' ("sum_ranks_up") (r(sum_pos)) (.) (.) (r(N_pos)) ("ranks of units with second above first")
post `table' ("sum_ranks_down") (r(sum_neg)) (.) (.) (r(N_neg)) ("ranks of units with second below first")
post `table' ("signed_rank") (.) (`z') (2 * normal(-abs(`z'))) (`used') ("z, adjusted for ties and zeros; null: changes are symmetric about zero")
if !missing(`exact') {
    post `table' ("exact") (.) (.) (`exact') (`used') ("exact distribution")
}
ss_metric z = `z'
ss_metric p = cond(missing(`exact'), 2 * normal(-abs(`z')), `exact')
ss_metric rank_biserial = `share'
* without zero changes, as many up as down: binomial(n, 1/2)
quietly count if ss_shift > 0 & ss_use
local up = r(N)
local least = min(`up', `pairs' - `up')
signtest ss_shift = 0 if ss_use
post `table' ("sign") (`up' / `pairs') (.) (min(1, 2 * binomial(`pairs', `least', 0.5))) (`pairs') ("share of changes upwards, exact; null: one half")
post `table' ("rank_biserial") (`share') (.) (.) (`used') ("effect size from -1 (all down) to 1 (all up), zero changes left out")
quietly summarize ss_change if ss_use, detail
post `table' ("median_change") (r(p50)) (.) (.) (`used') ("second minus first")
post `table' ("lower_quartile_change") (r(p25)) (.) (.) (`used') ("second minus first")
post `table' ("upper_quartile_change") (r(p75)) (.) (.) (`used') ("second minus first")
ss_metric median_change = r(p50)
foreach part in first second {
    quietly summarize `p_`part'' if ss_use, detail
    post `table' ("median_`part'") (r(p50)) (.) (.) (r(N)) ("`p_`part''")
}
postclose `table'
ss_check small_group, warn(`pairs' < 10) value(`pairs')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_signrank.csv", rows("`rows'")
ss_pairs_plot using "fig_pairs.svg", first(`p_first') second(`p_second')
ss_event step name=export status=ok
