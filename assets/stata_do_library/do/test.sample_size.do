* test.sample_size 1.0.3: how many units a comparison needs, with the spread of pilot data, and the power of other sizes.
* Reads p_outcome p_group p_difference p_design p_alpha p_power p_ratio p_cluster_size p_icc p_dropout p_available.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome', strok(`p_group')
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) levels(many) small
}
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
local baseline = r(mean)
local sd = r(sd)
local n = r(N)
quietly count if ss_use & `p_outcome' != 0 & `p_outcome' != 1
local is_share = r(N) == 0
local source "all rows"
if "`p_group'" != "" {
    * spread within the groups, level of the first one
    local squares = 0
    local df = 0
    quietly summarize ss_group if ss_use, meanonly
    local groups = r(max)
    forvalues g = 1/`groups' {
        quietly summarize `p_outcome' if ss_use & ss_group == `g'
        local df = `df' + r(N) - 1
        local squares = `squares' + cond(r(N) > 1, (r(N) - 1) * r(Var), 0)
        if `g' == 1 {
            local baseline = r(mean)
        }
    }
    local source : label ss_group 1
    local sd = sqrt(`squares' / `df')
}
ss_check too_few_values, fail(missing(`sd')) value(`n')
ss_check bounds_order, fail(`p_difference' == 0) value(`p_difference')
local other = `baseline' + `p_difference'
if `is_share' {
    ss_check outside_unit, fail(`other' <= 0 | `other' >= 1 | `baseline' <= 0 | `baseline' >= 1) value(`other')
}
else {
    ss_check zero_spread, fail(`sd' == 0) value(`sd')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname sizes curve facts
tempfile size_rows curve_rows fact_rows
* rows of one cluster tell less than as many rows of different ones (Kish 1965)
local inflation = 1 + (`p_cluster_size' - 1) * `p_icc'
local arms = cond("`p_design'" == "two_groups", 2, 1)
local kind = cond(`is_share', "shares", "means")
local effect = cond(`is_share', 2 * asin(sqrt(`other')) - 2 * asin(sqrt(`baseline')), `p_difference' / `sd')
* by the normal approximation; beyond a million units the difference is too small beside the spread for any study
local rough = (invnormal(1 - `p_alpha' / 2) + invnormal(max(`p_power', 0.95)))^2 / `effect'^2 * cond(`arms' == 2, (1 + `p_ratio')^2 / `p_ratio', 1)
ss_check bounds_order, fail(`rough' > 1e6) value(`rough')
local how "sd(`sd') kind(`kind') arms(`arms') alpha(`p_alpha')"
local asked "baseline(`baseline') `how'"
* a share falls by as much as the share of the others rises
local way = sign(`p_difference')
local least "`asked'"
if `is_share' & `way' < 0 {
    local least "baseline(`=1 - `baseline'') `how'"
}
postfile `sizes' double target_power double n_group1 double n_group2 double n_total double n_recruited double power using "`size_rows'"
local targets "0.7 0.8 0.9 0.95"
local own : list targets - p_power
foreach target in `p_power' `own' {
    ss_power, `asked' other(`other') power(`target') ratio(`p_ratio')
    local first = ceil(r(N1) * `inflation')
    local second = cond(`arms' == 2, ceil(r(N2) * `inflation'), .)
    local total = `first' + cond(`arms' == 2, `second', 0)
    local recruited = ceil(`total' / (1 - `p_dropout'))
    local found = cond(`arms' == 2, "n1(`=r(N1)') n2(`=r(N2)')", "n(`=r(N)')")
    ss_power, `asked' other(`other') `found'
    post `sizes' (`target') (`first') (`second') (`total') (`recruited') (r(power))
    if "`target'" == "`p_power'" {
        local own_total = `total'
        local own_recruited = `recruited'
    }
}
postclose `sizes'
* power of a quarter to twice the size
postfile `curve' double n_total double power double least_difference using "`curve_rows'"
local last = 0
foreach step of numlist 0.25(0.125)2 {
    local total = max(8, ceil(`own_total' * `step'))
    if `total' > `last' {
        local effective = max(4, floor(`total' / `inflation'))
        ss_power, `asked' other(`other') n(`effective') ratio(`p_ratio')
        local reached = r(power)
        * of few units no share up to one may have this power
        capture ss_power, `least' n(`effective') power(`p_power') ratio(`p_ratio')
        local found = cond(_rc == 0, `way' * r(difference), .)
        post `curve' (`total') (`reached') (`found')
        local last = `total'
    }
}
postclose `curve'
local available_power = .
local available_difference = .
if "`p_available'" != "" {
    local effective = floor(`p_available' * (1 - `p_dropout') / `inflation')
    ss_check too_few_values, fail(`effective' < 4) value(`effective')
    ss_power, `asked' other(`other') n(`effective') ratio(`p_ratio')
    local available_power = r(power)
    capture ss_power, `least' n(`effective') power(`p_power') ratio(`p_ratio')
    local available_difference = cond(_rc == 0, `way' * r(difference), .)
}
postfile `facts' str32 quantity double value str80 note using "`fact_rows'"
post `facts' ("baseline") (`baseline') ("pilot data, `macval(source)'")
if `is_share' {
    post `facts' ("compared_with") (`other') ("share after the difference")
    post `facts' ("effect_size") (`effect') ("Cohen's h")
}
else {
    post `facts' ("std_deviation") (`sd') (cond("`p_group'" == "", "pilot data", "pilot data, within groups"))
    post `facts' ("effect_size") (`effect') ("Cohen's d")
}
post `facts' ("difference") (`p_difference') ("to be found")
post `facts' ("significance_level") (`p_alpha') ("two-sided")
post `facts' ("pilot_rows") (`n') ("rows of the pilot data")
post `facts' ("design_effect") (`inflation') ("1 + (cluster size - 1) x intraclass correlation")
post `facts' ("dropout") (`p_dropout') ("share lost before the end")
post `facts' ("available_power") (`available_power') ("power of the units available")
post `facts' ("available_difference") (`available_difference') ("least difference that the units available can show")
postclose `facts'
* an interval of the spread from few rows is wide, and so is that of the size
ss_check small_group, warn(`n' < 30) value(`n')
ss_metric units_total = `own_total'
ss_metric units_recruited = `own_recruited'
ss_metric effect_size = `effect'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_sample_size.csv", rows("`size_rows'")
ss_export using "table_power.csv", rows("`curve_rows'")
ss_export using "table_assumptions.csv", rows("`fact_rows'")
ss_label `p_outcome'
local label = r(text)
ss_source
local engine "`r(engine)'"
quietly use "`curve_rows'", clear
twoway (line power n_total, lcolor("0 114 178")), yline(`p_power', lcolor(gs8) lpattern(dash)) xline(`own_total', lcolor(gs8) lpattern(dash)) ///
    title(`"Power to find a difference of `p_difference' in `macval(label)'"') xtitle("Units in all") ytitle("Power") ylabel(0(0.2)1, angle(0)) ///
    note("Dashed: power `p_power', `own_total' units; alpha `p_alpha', two-sided; N = `n' pilot rows; `engine'")
ss_figure using "fig_power.svg"
ss_event step name=export status=ok
