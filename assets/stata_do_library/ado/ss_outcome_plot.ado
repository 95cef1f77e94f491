*! ss_outcome_plot 1.0.0: draws the mean predicted probability of each outcome over the values of a regressor
* Usage: ss_outcome_plot using "file.svg", focal(varname) outcome(varname) term(text)
* term() is the regressor as it was entered (i.x for categories); at most 8 outcomes are drawn.
program define ss_outcome_plot
    syntax using/, FOCal(varname) OUTcome(varname) [TErm(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "120 120 120" "0 0 0""'
    tempname handle low high
    tempfile rows
    ss_label `focal'
    local xtitle = r(text)
    ss_label `outcome'
    local title = r(text)
    quietly levelsof `outcome' if ss_use, local(values)
    local outcomes : word count `values'
    local drawn = min(`outcomes', 8)
    local plots ""
    local order ""
    forvalues k = 1/`drawn' {
        local value : word `k' of `values'
        local text : label (`outcome') `value'
        local colour : word `k' of `colours'
        local plots `"`plots' (connected percent at if part == `k', lcolor("`colour'") mcolor("`colour'") msize(small))"'
        local order `"`macval(order)' `k' `"`macval(text)'"'"'
    }
    quietly levelsof `focal' if ss_use, local(grid)
    local points : word count `grid'
    local axis ""
    if `points' > 12 & substr("`term'", 1, 2) != "i." {
        quietly summarize `focal' if ss_use, meanonly
        scalar `low' = r(min)
        scalar `high' = r(max)
        local grid ""
        forvalues i = 0/10 {
            local point = `low' + `i' / 10 * (`high' - `low')
            local grid "`grid' `point'"
        }
    }
    else {
        foreach value of local grid {
            local text : label (`focal') `value'
            local axis `"`macval(axis)' `value' `"`macval(text)'"'"'
        }
        if `points' <= 12 {
            local axis `"xlabel(`macval(axis)')"'
        }
        else {
            local axis ""
        }
    }
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use
    local used = _N
    postfile `handle' double part double at double percent using "`rows'"
    foreach value of local grid {
        quietly replace `focal' = `value'
        quietly predict double ss_share*, pr
        forvalues k = 1/`drawn' {
            quietly summarize ss_share`k', meanonly
            post `handle' (`k') (`value') (100 * r(mean))
        }
        drop ss_share*
    }
    postclose `handle'
    quietly use "`rows'", clear
    sort part at
    twoway `plots', `macval(axis)' yscale(range(0 .)) ylabel(, angle(0)) legend(order(`macval(order)')) ///
        title(`"Predicted probability: `macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle("Mean predicted probability (%)") ///
        note("Other regressors as observed; N = `used'; `engine'")
    ss_figure using "`using'"
    restore
end
