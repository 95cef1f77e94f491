* test.kwallis 1.0.0: Kruskal-Wallis test of several groups.
* Reads p_variable p_group.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
kwallis `p_variable' if ss_use, by(ss_group)
tempname table adjusted plain
tempfile rows
tempvar rank
scalar `plain' = r(chi2)
scalar `adjusted' = r(chi2_adj)
postfile `table' str32 test double estimate double statistic double df1 double p_value double n str244 note using "`rows'"
post `table' ("kruskal_wallis") (.) (`plain') (`groups' - 1) (chi2tail(`groups' - 1, `plain')) (.) ("chi2; null: equal distributions")
post `table' ("kruskal_wallis_ties") (.) (`adjusted') (`groups' - 1) (chi2tail(`groups' - 1, `adjusted')) (.) ("chi2 adjusted for ties")
quietly egen double `rank' = rank(`p_variable') if ss_use
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly summarize `rank' if ss_group == `g'
    post `table' ("mean_rank_group`g'") (r(mean)) (.) (.) (.) (r(N)) (`"`macval(name)'"')
}
postclose `table'
ss_metric chi2 = `adjusted'
ss_metric p = chi2tail(`groups' - 1, `adjusted')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_kwallis.csv", rows("`rows'")
ss_box_plot using "fig_box.svg", variable(`p_variable') group(ss_group)
ss_event step name=export status=ok
