* test.many_outcomes 1.0.0: one treatment, many outcomes: effects with p-values adjusted for the number of tests.
* Reads p_vars p_treatment p_controls(_fv) p_cluster_var p_standardize p_level.
local vce "robust"
if "`p_cluster_var'" != "" {
    local vce "cluster `p_cluster_var'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_vars' `p_treatment'
ss_sample `p_treatment' `p_controls', strok(`p_cluster_var')
quietly summarize `p_treatment' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle
tempfile rows
local tests : word count `p_vars'
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`number')
    local unit = 1
    if `p_standardize' == 1 {
        local unit = r(sd)
    }
    regress `variable' `p_treatment' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
    ss_check collinear, fail(_se[`p_treatment'] == 0) value(_se[`p_treatment']) row(`number')
    local n`number' = e(N)
    local b`number' = _b[`p_treatment'] / `unit'
    local se`number' = _se[`p_treatment'] / `unit'
    local df`number' = e(df_r)
    local r2_`number' = e(r2)
    local p`number' = 2 * ttail(e(df_r), abs(`b`number'' / `se`number''))
}
ss_event step name=estimate status=ok

ss_event step name=adjust status=begin
* order of the p-values; equal ones keep the order of the variables
forvalues i = 1/`tests' {
    local rank`i' = 1
    forvalues j = 1/`tests' {
        if `p`j'' < `p`i'' | (`p`j'' == `p`i'' & `j' < `i') {
            local rank`i' = `rank`i'' + 1
        }
    }
    local at`rank`i'' = `i'
}
local harmonic = 0
forvalues k = 1/`tests' {
    local harmonic = `harmonic' + 1 / `k'
}
* Holm: running maximum from the smallest; Benjamini-Hochberg and Benjamini-Yekutieli: running minimum from the largest
local running = 0
forvalues k = 1/`tests' {
    local i = `at`k''
    local running = max(`running', min(1, (`tests' - `k' + 1) * `p`i''))
    local holm`i' = `running'
}
local running = 1
local other = 1
local k = `tests'
while `k' > 0 {
    local i = `at`k''
    local running = min(`running', `tests' / `k' * `p`i'')
    local other = min(`other', `harmonic' * `tests' / `k' * `p`i'')
    local bh`i' = `running'
    local by`i' = `other'
    local k = `k' - 1
}
local alpha = 1 - `p_level' / 100
foreach rule in plain bonferroni holm bh by {
    local found_`rule' = 0
}
postfile `handle' str128 outcome double n double estimate double std_error double statistic double p_value double ci_low double ci_high double p_bonferroni double p_holm double q_bh double q_by double r2 using "`rows'"
forvalues i = 1/`tests' {
    local half = invttail(`df`i'', `alpha' / 2) * `se`i''
    local bonferroni = min(1, `tests' * `p`i'')
    post `handle' ("`: word `i' of `p_vars''") (`n`i'') (`b`i'') (`se`i'') (`b`i'' / `se`i'') (`p`i'') (`b`i'' - `half') (`b`i'' + `half') (`bonferroni') (`holm`i'') (`bh`i'') (`by`i'') (`r2_`i'')
    local found_plain = `found_plain' + (`p`i'' < `alpha')
    local found_bonferroni = `found_bonferroni' + (`bonferroni' < `alpha')
    local found_holm = `found_holm' + (`holm`i'' < `alpha')
    local found_bh = `found_bh' + (`bh`i'' < `alpha')
    local found_by = `found_by' + (`by`i'' < `alpha')
}
postclose `handle'
ss_metric n_tests = `tests'
ss_metric n_significant = `found_plain'
ss_metric n_holm = `found_holm'
ss_metric n_bh = `found_bh'
ss_event step name=adjust status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(tests `tests' significant `found_plain' significant_bonferroni `found_bonferroni' significant_holm `found_holm' significant_bh `found_bh' significant_by `found_by' level `p_level') se(`vce')
ss_label `p_treatment'
local name = r(text)
local unit = cond(`p_standardize' == 1, "standard deviations of the outcome", "unit of the outcome")
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly keep in 1/`=min(_N, 40)'
quietly generate long position = _n
local axis ""
forvalues i = 1/`=_N' {
    local axis `"`axis' `i' `"`=outcome[`i']'"'"'
}
twoway (rcap ci_low ci_high position, horizontal lcolor("0 114 178")) (scatter position estimate, mcolor("0 114 178")), ylabel(`axis', angle(0) nogrid) yscale(reverse range(0.5 `=_N + 0.5')) ///
    xline(0, lcolor(gs8) lpattern(dash)) legend(off) title(`"Effects of `macval(name)'"') ytitle("") xtitle("Effect with unadjusted `p_level'% interval (`unit')") note("`tests' outcomes; `engine'")
ss_figure using "fig_effects.svg"
restore
ss_event step name=export status=ok
