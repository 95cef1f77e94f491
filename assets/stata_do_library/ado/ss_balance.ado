*! ss_balance 1.0.0: writes covariate balance after teffects as a table and draws it
* Usage: ss_balance using "table.csv", [plot("file.svg") title(text)]
* Standardised differences and variance ratios before and after; returns r(worst), the largest absolute difference after.
program define ss_balance, rclass
    syntax using/ [, PLot(string) TItle(string)]
    tempname balance handle
    tempfile rows
    local used = e(N)
    tebalance summarize
    matrix `balance' = r(table)
    local terms : rownames `balance'
    local count = rowsof(`balance')
    local worst = 0
    local axis ""
    postfile `handle' str2045 term double std_diff_before double std_diff_after double var_ratio_before double var_ratio_after double position using "`rows'"
    forvalues i = 1/`count' {
        local term : word `i' of `terms'
        post `handle' ("`term'") (el(`balance', `i', 1)) (el(`balance', `i', 2)) (el(`balance', `i', 3)) (el(`balance', `i', 4)) (`i')
        if abs(el(`balance', `i', 2)) > `worst' & !missing(el(`balance', `i', 2)) {
            local worst = abs(el(`balance', `i', 2))
        }
        if `i' <= 40 {
            ss_label `term'
            local axis `"`macval(axis)' `i' `"`=r(text)'"'"'
        }
    }
    postclose `handle'
    ss_source
    local engine "`r(engine)'"
    if "`plot'" != "" {
        preserve
        quietly use "`rows'", clear
        quietly keep if position <= 40
        twoway (scatter position std_diff_before, mcolor("213 94 0") msymbol(circle_hollow)) (scatter position std_diff_after, mcolor("0 114 178") msymbol(circle)), ///
            ylabel(`macval(axis)', angle(0) nogrid) yscale(reverse range(0.5 `=min(`count', 40) + 0.5')) xline(0, lcolor(gs8)) xline(-0.1 0.1, lcolor(gs10) lpattern(dash)) ///
            title(`"`macval(title)'"') ytitle("") xtitle("Standardised difference, treated less control") legend(order(1 "before" 2 "after")) ///
            note("N = `used' rows; dashed lines at 0.1; `engine'")
        ss_figure using "`plot'"
        restore
    }
    preserve
    quietly use "`rows'", clear
    drop position
    quietly save "`rows'", replace
    restore
    ss_export using "`using'", rows("`rows'")
    return scalar worst = `worst'
end
