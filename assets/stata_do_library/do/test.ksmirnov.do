* test.ksmirnov 1.0.1: do two groups have the same distribution? Two-sample Kolmogorov-Smirnov test.
* Reads p_outcome p_group.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome', strok(`p_group') maxloss(0.2)
ss_groups `p_group', generate(ss_group) levels(two) small
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle d p exact
tempfile tests rows
* the exact probability takes no ties; the approximate one is that of large groups
quietly levelsof `p_outcome' if ss_use
local different = r(r)
quietly count if ss_use
local how = cond(`different' == r(N) & r(N) <= 200, "exact", "")
ksmirnov `p_outcome' if ss_use, by(ss_group) `how'
scalar `d' = r(D)
scalar `p' = r(p)
scalar `exact' = r(p_exact)
local first : label ss_group 1
local second : label ss_group 2
postfile `handle' str32 test double statistic double p_value str2045 note using "`tests'"
post `handle' ("combined") (`d') (`p') ("null: equal distributions")
if !missing(`exact') {
    post `handle' ("exact") (`d') (`exact') ("exact distribution")
}
post `handle' ("first_smaller") (r(D_1)) (r(p_1)) (`"null: values of `macval(first)' are not smaller than those of `macval(second)'"')
post `handle' ("first_larger") (r(D_2)) (r(p_2)) (`"null: values of `macval(first)' are not larger than those of `macval(second)'"')
postclose `handle'
ss_metric d = `d'
ss_metric p = cond(missing(`exact'), `p', `exact')
postfile `handle' str2045 group double n double mean double sd double p10 double p25 double p50 double p75 double p90 using "`rows'"
forvalues g = 1/2 {
    quietly summarize `p_outcome' if ss_use & ss_group == `g', detail
    local n`g' = r(N)
    local name : label ss_group `g'
    post `handle' (`"`macval(name)'"') (r(N)) (r(mean)) (r(sd)) (r(p10)) (r(p25)) (r(p50)) (r(p75)) (r(p90))
}
postclose `handle'
quietly duplicates report `p_outcome' if ss_use
local tied = 1 - r(unique_value) / r(N)
ss_check ties_at_cut, warn(`tied' > 0.5) value(`tied')
* place of the largest distance
quietly cumul `p_outcome' if ss_use & ss_group == 1, generate(ss_f1) equal
quietly cumul `p_outcome' if ss_use & ss_group == 2, generate(ss_f2) equal
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_test.csv", rows("`tests'")
ss_export using "table_groups.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(N `n1'+`n2' n_first `n1' n_second `n2' share_tied `tied') se(none)
ss_label `p_outcome'
local name = r(text)
ss_source
sort `p_outcome'
twoway (line ss_f1 `p_outcome' if ss_use & ss_group == 1, lcolor("0 114 178")) (line ss_f2 `p_outcome' if ss_use & ss_group == 2, lcolor("213 94 0")), title(`"Cumulative distribution: `macval(name)'"') ///
    xtitle(`"`macval(name)'"') ytitle("Share of the group at or below") ylabel(0(0.2)1, angle(0)) legend(order(1 `"`macval(first)'"' 2 `"`macval(second)'"')) note("N = `n1' and `n2'; `r(engine)'")
ss_figure using "fig_distribution.svg"
ss_event step name=export status=ok
