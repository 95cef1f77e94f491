*! ss_matrix_plot 1.0.0: draws the lower triangle of a correlation matrix as labelled, coloured squares
* Usage: ss_matrix_plot using "file.svg", matrix(name) variables(varlist) [title(text)]
program define ss_matrix_plot
    syntax using/, MATrix(name) VARiables(varlist) [TItle(string)]
    tempname handle
    tempfile rows
    quietly count if ss_use
    local used = r(N)
    postfile `handle' double x double y double class str8 text using "`rows'"
    local count : word count `variables'
    local axis ""
    forvalues i = 1/`count' {
        local variable : word `i' of `variables'
        ss_label `variable'
        local axis `"`macval(axis)' `i' `"`=r(text)'"'"'
        forvalues j = 1/`i' {
            local value = el(`matrix', `i', `j')
            * seven classes from strongly negative to strongly positive
            local class = 4
            if `value' < . {
                local class = 1 + (`value' > -0.6) + (`value' > -0.3) + (`value' > -0.1) + (`value' >= 0.1) + (`value' >= 0.3) + (`value' >= 0.6)
                post `handle' (`j') (`i') (`class') (strofreal(`value', "%5.2f"))
            }
        }
    }
    postclose `handle'
    local colours `""213 94 0" "240 160 100" "250 215 190" "235 235 235" "190 220 245" "110 175 225" "0 114 178""'
    local plots ""
    forvalues class = 1/7 {
        local colour : word `class' of `colours'
        local plots `"`plots' (scatter y x if class == `class', msymbol(square) msize(huge) mcolor("`colour'") mlabel(text) mlabposition(0) mlabcolor(black))"'
    }
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    twoway `plots', xlabel(`macval(axis)', angle(45) nogrid) ylabel(`macval(axis)', angle(0) nogrid) ///
        xscale(range(0.5 `=`count' + 0.5')) yscale(reverse range(0.5 `=`count' + 0.5')) ///
        title(`"`macval(title)'"') xtitle("") ytitle("") legend(off) note(`"Correlation coefficients (no unit); N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
end
