* test.proportion_two 1.0.1: do two groups differ in a share?
* Reads p_variable p_group p_level. The difference is the second group minus the first.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_binary `p_variable'
ss_groups `p_group', generate(ss_group) levels(two) small
local first : label ss_group 1
local second : label ss_group 2
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table p1 p2 pooled difference se z half centre
tempfile rows
postfile `table' str32 test double estimate double std_error double statistic double p_value double ci_low double ci_high double n str244 note using "`rows'"
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2)
forvalues g = 1/2 {
    quietly summarize `p_variable' if ss_group == `g'
    local n`g' = r(N)
    scalar `p`g'' = r(mean)
    local name : label ss_group `g'
    * Wilson (1927) limits keep inside 0 and 1
    scalar `centre' = (r(mean) + `half'^2 / (2 * r(N))) / (1 + `half'^2 / r(N))
    scalar `se' = `half' / (1 + `half'^2 / r(N)) * sqrt(r(mean) * (1 - r(mean)) / r(N) + `half'^2 / (4 * r(N)^2))
    post `table' ("share_group`g'") (r(mean)) (sqrt(r(mean) * (1 - r(mean)) / r(N))) (.) (.) (`centre' - `se') (`centre' + `se') (r(N)) (`"`macval(name)', Wilson limits"')
}
prtest `p_variable' if ss_use, by(ss_group) level(`p_level')
scalar `difference' = `p2' - `p1'
scalar `pooled' = (`n1' * `p1' + `n2' * `p2') / (`n1' + `n2')
scalar `z' = `difference' / sqrt(`pooled' * (1 - `pooled') * (1 / `n1' + 1 / `n2'))
scalar `se' = sqrt(`p1' * (1 - `p1') / `n1' + `p2' * (1 - `p2') / `n2')
post `table' ("difference") (`difference') (`se') (`z') (2 * normal(-abs(`z'))) (`difference' - `half' * `se') (`difference' + `half' * `se') (`n1' + `n2') (`"`macval(second)' minus `macval(first)'; z with the pooled share; null: no difference"')
post `table' ("cohen_h") (2 * asin(sqrt(`p2')) - 2 * asin(sqrt(`p1'))) (.) (.) (.) (.) (.) (`n1' + `n2') ("difference of arcsine-transformed shares")
postclose `table'
ss_metric difference = `difference'
ss_metric z = `z'
ss_metric p = 2 * normal(-abs(`z'))
local least = min(`n1', `n2') * min(`pooled', 1 - `pooled')
ss_check sparse_cells, warn(`least' < 5) value(`least')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_shares.csv", rows("`rows'")
ss_label `p_variable'
ss_group_plot using "fig_shares.svg", variables(`p_variable') group(ss_group) level(`p_level') wilson title(`"Share by group: `=r(text)'"')
ss_event step name=export status=ok
