* accounting.distress_scores 1.0.0: Altman's Z scores of firms with their zones.
* Reads p_inputs p_version p_group.
ss_event step name=sample status=begin
* columns by their order in the list
local names "working_capital retained_earnings ebit equity liabilities assets sales"
local place = 0
foreach name of local names {
    local place = `place' + 1
    local p_`name' : word `place' of `p_inputs'
}
local parts "`p_working_capital' `p_retained_earnings' `p_ebit' `p_equity' `p_liabilities' `p_assets'"
local least = 6
if "`p_version'" == "listed" | "`p_version'" == "private" {
    local parts "`parts' `p_sales'"
    local least = 7
}
local given : word count `p_inputs'
ss_check bounds_order, fail(`given' < `least') value(`given')
confirm numeric variable `parts'
ss_sample `parts', strok(`p_group') maxloss(0.2)
quietly count if ss_use & (`p_assets' <= 0 | `p_liabilities' <= 0)
ss_check neg_values, fail(r(N) > 0) value(r(N))
foreach name in z_score z_zone {
    capture confirm new variable `name'
    ss_check name_taken, fail(_rc != 0) value(_rc)
}
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group)
    local groups = r(groups)
}
else {
    local groups = 0
}
ss_event step name=sample status=ok

ss_event step name=score status=begin
tempname handle
tempfile rows ratios
quietly generate double ss_x1 = `p_working_capital' / `p_assets' if ss_use
quietly generate double ss_x2 = `p_retained_earnings' / `p_assets' if ss_use
quietly generate double ss_x3 = `p_ebit' / `p_assets' if ss_use
quietly generate double ss_x4 = `p_equity' / `p_liabilities' if ss_use
* coefficients and zones: Altman (1968); private firms and others: Altman (1983, 1995)
if "`p_version'" == "listed" {
    quietly generate double z_score = 1.2 * ss_x1 + 1.4 * ss_x2 + 3.3 * ss_x3 + 0.6 * ss_x4 + 0.999 * `p_sales' / `p_assets' if ss_use
    local low = 1.81
    local high = 2.99
}
if "`p_version'" == "private" {
    quietly generate double z_score = 0.717 * ss_x1 + 0.847 * ss_x2 + 3.107 * ss_x3 + 0.420 * ss_x4 + 0.998 * `p_sales' / `p_assets' if ss_use
    local low = 1.23
    local high = 2.90
}
if "`p_version'" == "service" | "`p_version'" == "emerging" {
    quietly generate double z_score = 6.56 * ss_x1 + 3.26 * ss_x2 + 6.72 * ss_x3 + 1.05 * ss_x4 if ss_use
    local low = 1.10
    local high = 2.60
}
if "`p_version'" == "emerging" {
    quietly replace z_score = z_score + 3.25
    local low = 4.15
    local high = 5.85
}
label variable z_score "Altman Z score (`p_version')"
quietly generate byte z_zone = 1 + (z_score >= `low') + (z_score > `high') if ss_use
label define z_zone 1 "distress" 2 "grey" 3 "safe"
label values z_zone z_zone
label variable z_zone "zone of the Altman Z score"
postfile `handle' str2045 group double n double mean double sd double p25 double p50 double p75 double share_distress double share_grey double share_safe using "`rows'"
forvalues g = 0/`groups' {
    local name "all"
    local inside "ss_use"
    if `g' > 0 {
        local name : label ss_group `g'
        local inside "ss_use & ss_group == `g'"
    }
    quietly summarize z_score if `inside', detail
    local values "(r(N)) (r(mean)) (r(sd)) (r(p25)) (r(p50)) (r(p75))"
    foreach part in N mean sd p25 p50 p75 {
        local v_`part' = r(`part')
    }
    forvalues z = 1/3 {
        quietly count if `inside' & z_zone == `z'
        local s`z' = r(N) / `v_N'
    }
    post `handle' (`"`macval(name)'"') (`v_N') (`v_mean') (`v_sd') (`v_p25') (`v_p50') (`v_p75') (`s1') (`s2') (`s3')
    if `g' == 0 {
        ss_metric mean_score = `v_mean'
        ss_metric share_distress = `s1'
        local n = `v_N'
        local distress = `s1'
    }
}
postclose `handle'
postfile `handle' str40 ratio double mean double sd double p50 using "`ratios'"
local words "working_capital_to_assets retained_earnings_to_assets ebit_to_assets equity_to_liabilities"
forvalues j = 1/4 {
    quietly summarize ss_x`j' if ss_use, detail
    post `handle' ("`: word `j' of `words''") (r(mean)) (r(sd)) (r(p50))
}
postclose `handle'
ss_event step name=score status=ok

ss_event step name=export status=begin
ss_export using "table_scores.csv", rows("`rows'")
ss_export using "table_ratios.csv", rows("`ratios'")
ss_fit_table using "table_fit.csv", values(N `n' lower_limit `low' upper_limit `high' share_distress `distress') se(none)
ss_source
twoway (histogram z_score if ss_use, color("0 114 178%60")), xline(`low' `high', lcolor("213 94 0") lpattern(dash)) title("Altman Z score (`p_version' firms)") xtitle("Z score") ytitle("Density") legend(off) ///
    note("N = `n'; dashed: limits of the zones; `r(engine)'")
ss_figure using "fig_distribution.svg"
ss_save using "data_scores.dta"
ss_event step name=export status=ok
