*! ss_effects_plot 1.0.0: draws the predicted effects of groups in ascending order
* Usage: ss_effects_plot using "file.svg", effect(varname) group(variable of ss_groups)
program define ss_effects_plot
    syntax using/, EFFect(varname) GROup(varname)
    ss_label `group'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly count if ss_use
    local used = r(N)
    preserve
    tempvar first rank
    quietly egen byte `first' = tag(`group')
    quietly keep if `first' == 1 & !missing(`effect')
    quietly count
    local groups = r(N)
    sort `effect' `group'
    quietly generate double `rank' = _n
    local axis ""
    if `groups' <= 25 {
        forvalues i = 1/`groups' {
            local value = `group'[`i']
            local text : label (`group') `value'
            local axis `"`macval(axis)' `i' `"`macval(text)'"'"'
        }
        local axis `"ylabel(`macval(axis)', angle(0) nogrid)"'
    }
    twoway (scatter `rank' `effect', mcolor("0 114 178") msymbol(circle) msize(small)), xline(0, lcolor(gs8) lpattern(dash)) ///
        `macval(axis)' legend(off) title(`"Predicted effects: `macval(name)'"') xtitle("Effect on the outcome (difference from the average group)") ///
        ytitle(`"`macval(name)' (in ascending order)"') note("`groups' groups, N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
