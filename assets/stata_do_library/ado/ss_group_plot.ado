*! ss_group_plot 1.1.0: draws group means with confidence intervals
* Usage: ss_group_plot using "file.svg", variables(varlist) group(variable of ss_groups) [level(#) title(text) wilson]
* wilson gives a variable of 0 and 1 the limits of Wilson (1927), which stay inside 0 and 1.
* One variable is drawn in its own unit; several (at most 6) as distances from the overall mean in standard deviations.
program define ss_group_plot
    syntax using/, VARiables(varlist) GROup(varname) [LEVel(real 95) TItle(string) WILson]
    tempname handle mean sd n half centre
    tempfile rows
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    postfile `handle' double series double position double mean double low double high using "`rows'"
    quietly summarize `group' if ss_use, meanonly
    local groups = r(max)
    local used = r(N)
    local axis ""
    forvalues g = 1/`groups' {
        local text : label `group' `g'
        local axis `"`macval(axis)' `g' `"`macval(text)'"'"'
    }
    local count : word count `variables'
    local count = min(`count', 6)
    local plots ""
    local order ""
    forvalues s = 1/`count' {
        local variable : word `s' of `variables'
        scalar `mean' = 0
        scalar `sd' = 1
        if `count' > 1 {
            quietly summarize `variable' if ss_use
            scalar `mean' = r(mean)
            scalar `sd' = r(sd)
        }
        forvalues g = 1/`groups' {
            quietly summarize `variable' if ss_use & `group' == `g'
            scalar `n' = r(N)
            scalar `half' = 0
            if `n' > 1 {
                scalar `half' = invttail(`n' - 1, (1 - `level' / 100) / 2) * r(sd) / sqrt(`n')
            }
            scalar `centre' = r(mean)
            if "`wilson'" != "" & `n' > 0 {
                scalar `half' = invnormal(1 - (1 - `level' / 100) / 2)
                scalar `centre' = (r(mean) + `half'^2 / (2 * `n')) / (1 + `half'^2 / `n')
                scalar `half' = `half' / (1 + `half'^2 / `n') * sqrt(r(mean) * (1 - r(mean)) / `n' + `half'^2 / (4 * `n'^2))
            }
            if `n' > 0 & `sd' > 0 {
                local shift = (`s' - (`count' + 1) / 2) * 0.12
                post `handle' (`s') (`g' + `shift') ((r(mean) - `mean') / `sd') ((`centre' - `half' - `mean') / `sd') ((`centre' + `half' - `mean') / `sd')
            }
        }
        local colour : word `s' of `colours'
        local plots `"`plots' (rcap low high position if series == `s', lcolor("`colour'")) (scatter mean position if series == `s', mcolor("`colour'") msymbol(circle))"'
        ss_label `variable'
        local own = r(text)
        local order `"`macval(order)' `=2 * `s'' `"`macval(own)'"'"'
    }
    postclose `handle'
    local ytitle `"Mean of `macval(own)'"'
    local what "Means with `level'% confidence intervals"
    if "`wilson'" != "" {
        local ytitle `"Share of `macval(own)'"'
        local what "Shares with Wilson `level'% confidence intervals"
    }
    local legend "legend(off)"
    if `count' > 1 {
        local ytitle "Distance from the overall mean (standard deviations)"
        local legend `"legend(order(`macval(order)'))"'
    }
    ss_label `group'
    local xtitle = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    twoway `plots', xlabel(`macval(axis)') xscale(range(0.5 `=`groups' + 0.5')) `macval(legend)' ///
        title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ///
        note(`"`what'; N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
end
