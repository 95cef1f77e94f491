* medical.effect_measures 1.0.0: risk ratio, odds ratio or rate ratio of an exposure, crude and over strata.
* Reads p_disease p_exposure p_strata_var p_design p_person_time p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_disease'
confirm numeric variable `p_exposure'
local time ""
if "`p_design'" == "rate" {
    local time "`p_person_time'"
}
ss_sample `p_disease' `p_exposure' `time', strok(`p_strata_var')
ss_binary `p_disease'
ss_binary `p_exposure'
if "`time'" != "" {
    quietly count if ss_use & `time' <= 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
tempname cells
quietly count if ss_use
local total = r(N)
scalar `cells' = `total'
local low = 0
foreach case in 0 1 {
    foreach exposed in 0 1 {
        quietly count if ss_use & `p_disease' == `case' & `p_exposure' == `exposed'
        scalar `cells' = min(`cells', r(N))
        quietly count if ss_use & `p_disease' == `case'
        local margin = r(N)
        quietly count if ss_use & `p_exposure' == `exposed'
        local low = `low' + (`margin' * r(N) / `total' < 5)
    }
}
ss_check empty_cell, fail(`cells' == 0) value(`cells')
ss_check sparse_cells, warn(`low' > 0) value(`low')
local groups = 0
if "`p_strata_var'" != "" {
    ss_groups `p_strata_var', generate(ss_stratum) levels(many) small
    local groups = r(groups)
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname measures strata main
tempfile measure_rows strata_rows
postfile `measures' str32 measure double estimate double ci_low double ci_high double statistic double p_value str120 note using "`measure_rows'"
if "`p_design'" == "cohort" {
    local ratio "rr"
    local name "risk_ratio"
    cs `p_disease' `p_exposure' if ss_use, or woolf level(`p_level')
    post `measures' ("risk_difference") (r(rd)) (r(lb_rd)) (r(ub_rd)) (r(chi2)) (r(p)) ("Pearson chi-squared of no association")
    post `measures' ("odds_ratio") (r(or)) (r(lb_or)) (r(ub_or)) (.) (.) ("limits of Woolf")
}
if "`p_design'" == "case_control" {
    local ratio "or"
    local name "odds_ratio"
    cc `p_disease' `p_exposure' if ss_use, level(`p_level')
}
if "`p_design'" == "rate" {
    local ratio "irr"
    local name "rate_ratio"
    ir `p_disease' `p_exposure' `time' if ss_use, level(`p_level')
    post `measures' ("rate_difference") (r(ird)) (r(lb_ird)) (r(ub_ird)) (.) (.) ("per unit of person-time")
}
scalar `main' = r(`ratio')
ss_metric ratio = `main'
local text "Pearson chi-squared of no association"
if "`p_design'" == "rate" {
    local text "two-sided mid-p; exact limits"
    post `measures' ("`name'") (r(`ratio')) (r(lb_`ratio')) (r(ub_`ratio')) (.) (r(p)) ("`macval(text)'")
}
else {
    post `measures' ("`name'") (r(`ratio')) (r(lb_`ratio')) (r(ub_`ratio')) (r(chi2)) (r(p)) ("`macval(text)'")
}
local kind "attributable_fraction"
if `main' < 1 {
    local kind "preventive_fraction"
}
post `measures' ("`kind'") (r(afe)) (r(lb_afe)) (r(ub_afe)) (.) (.) ("among the exposed; causal reading needs no confounding")
post `measures' ("`kind'_population") (r(afp)) (.) (.) (.) (.) ("in the population")
if `groups' > 0 {
    postfile `strata' str244 stratum double n double cases double estimate double ci_low double ci_high str60 note using "`strata_rows'"
    forvalues g = 1/`groups' {
        local text : label ss_stratum `g'
        quietly count if ss_use & ss_stratum == `g'
        local n = r(N)
        quietly count if ss_use & ss_stratum == `g' & `p_disease' == 1
        local cases = r(N)
        local failed = 0
        if "`p_design'" == "cohort" {
            capture quietly cs `p_disease' `p_exposure' if ss_use & ss_stratum == `g', level(`p_level')
            if _rc != 0 {
                local failed = 1
            }
        }
        if "`p_design'" == "case_control" {
            capture quietly cc `p_disease' `p_exposure' if ss_use & ss_stratum == `g', level(`p_level')
            if _rc != 0 {
                local failed = 1
            }
        }
        if "`p_design'" == "rate" {
            capture quietly ir `p_disease' `p_exposure' `time' if ss_use & ss_stratum == `g', level(`p_level')
            if _rc != 0 {
                local failed = 1
            }
        }
        if `failed' == 0 {
            post `strata' (`"`macval(text)'"') (`n') (`cases') (r(`ratio')) (r(lb_`ratio')) (r(ub_`ratio')) ("")
        }
        else {
            post `strata' (`"`macval(text)'"') (`n') (`cases') (.) (.) (.) ("no ratio: a group has no row")
        }
    }
    if "`p_design'" == "cohort" {
        cs `p_disease' `p_exposure' if ss_use, by(ss_stratum) level(`p_level')
    }
    if "`p_design'" == "case_control" {
        cc `p_disease' `p_exposure' if ss_use, by(ss_stratum) level(`p_level')
    }
    if "`p_design'" == "rate" {
        ir `p_disease' `p_exposure' `time' if ss_use, by(ss_stratum) level(`p_level')
    }
    post `measures' ("`name'_adjusted") (r(`ratio')) (r(lb_`ratio')) (r(ub_`ratio')) (.) (.) ("Mantel-Haenszel over the strata")
    post `measures' ("homogeneity") (.) (.) (.) (r(chi2_mh)) (chi2tail(r(df), r(chi2_mh))) ("equal ratios in all strata, `=r(df)' degrees of freedom")
    ss_metric ratio_adjusted = r(`ratio')
    post `strata' ("all, Mantel-Haenszel") (`total') (.) (r(`ratio')) (r(lb_`ratio')) (r(ub_`ratio')) ("adjusted for the strata")
    postclose `strata'
    if "`p_design'" != "rate" {
        mhodds `p_disease' `p_exposure' ss_stratum if ss_use, level(`p_level')
        post `measures' ("odds_ratio_mantel_haenszel") (r(or)) (r(lb_or)) (r(ub_or)) (r(chi2)) (r(p)) ("Mantel-Haenszel chi-squared of no association")
    }
}
postclose `measures'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_measures.csv", rows("`measure_rows'")
if `groups' > 0 {
    ss_export using "table_strata.csv", rows("`strata_rows'")
}
ss_event step name=export status=ok
