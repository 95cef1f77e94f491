*! ss_share_plot 1.0.0: draws side-by-side bars of the shares of parts within groups
* Usage: ss_share_plot using "file.svg", group(variable of ss_groups) part(variable of ss_groups)
program define ss_share_plot
    syntax using/, GROup(varname) PArt(varname)
    tempname handle
    tempfile rows
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "120 120 120" "0 0 0""'
    postfile `handle' double part double position double percent using "`rows'"
    quietly summarize `part' if ss_use, meanonly
    local parts = min(r(max), 8)
    quietly summarize `group' if ss_use, meanonly
    local groups = r(max)
    local used = r(N)
    local axis ""
    forvalues g = 1/`groups' {
        local text : label `group' `g'
        local axis `"`macval(axis)' `g' `"`macval(text)'"'"'
        quietly count if ss_use & `group' == `g'
        local total = r(N)
        forvalues k = 1/`parts' {
            quietly count if ss_use & `group' == `g' & `part' == `k'
            post `handle' (`k') (`g' + (`k' - (`parts' + 1) / 2) * 0.8 / `parts') (100 * r(N) / `total')
        }
    }
    postclose `handle'
    local plots ""
    local order ""
    forvalues k = 1/`parts' {
        local colour : word `k' of `colours'
        local text : label `part' `k'
        local plots `"`plots' (bar percent position if part == `k', barwidth(`=0.75 / `parts'') color("`colour'"))"'
        local order `"`macval(order)' `k' `"`macval(text)'"'"'
    }
    ss_label `part'
    local legend_title = r(text)
    ss_label `group'
    local group_title = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    twoway `plots', xlabel(`macval(axis)') ylabel(, angle(0)) legend(order(`macval(order)')) ///
        title(`"`macval(legend_title)' by `macval(group_title)'"') xtitle(`"`macval(group_title)'"') ytitle("Share of the group (%)") ///
        note("N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
