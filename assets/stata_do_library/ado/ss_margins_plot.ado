*! ss_margins_plot 1.0.0: draws effects of a focal variable over the values of a moderator
* Usage: ss_margins_plot using "file.svg", rows("effects file") focal(varname) moderator(varname) n(#) level(#)
program define ss_margins_plot
    syntax using/, Rows(string) FOCal(varname) MODerator(varname) N(integer) [LEVel(real 95)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    ss_label `focal'
    local focal_text = r(text)
    ss_label `moderator'
    local moderator_text = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    quietly levelsof term, local(terms)
    local plots ""
    local order ""
    local number = 0
    foreach term of local terms {
        local number = `number' + 1
        local colour : word `number' of `colours'
        if `number' <= 6 {
            local plots `"`plots' (rcap ci_low ci_high moderator if term == "`term'", lcolor("`colour'")) (connected estimate moderator if term == "`term'", lcolor("`colour'") mcolor("`colour'"))"'
            local order `"`order' `=2 * `number'' "`term'""'
        }
    }
    local legend "legend(off)"
    if `number' > 1 {
        local legend `"legend(order(`order'))"'
    }
    twoway `plots', yline(0, lcolor(gs8) lpattern(dash)) title(`"Effect of `macval(focal_text)' by `macval(moderator_text)'"') ///
        xtitle(`"`macval(moderator_text)'"') ytitle(`"Effect of `macval(focal_text)'"') ylabel(, angle(0)) `legend' ///
        note("Effects with `level'% intervals; N = `n'; `engine'")
    ss_figure using "`using'"
    restore
end
