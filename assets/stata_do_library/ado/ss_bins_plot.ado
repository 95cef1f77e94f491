*! ss_bins_plot 1.0.0: draws the bins of a variable as bars, or as lines when there are several groups
* Usage: ss_bins_plot using "file.svg", rows("bins file") variable(varname) group(variable) height(density|percent) n(#) [title(text) mean(#) sd(#)]
program define ss_bins_plot
    syntax using/, Rows(string) VARiable(varname) GROup(varname) HEight(string) N(integer) [TItle(string) MEAN(string) SD(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    ss_label `variable'
    local xtitle = r(text)
    if `"`macval(title)'"' == "" {
        local title `"Distribution: `macval(xtitle)'"'
    }
    quietly summarize `group' if ss_use, meanonly
    local groups = r(max)
    forvalues g = 1/`groups' {
        local name`g' : label `group' `g'
    }
    ss_source
    local engine "`r(engine)'"
    local ytitle = cond("`height'" == "density", "Density", "Share of rows (%)")
    preserve
    quietly use "`rows'", clear
    quietly generate double middle = (low + high) / 2
    local width = high[1] - low[1]
    local plots ""
    local order ""
    if `groups' == 1 {
        local plots `"(bar `height' middle, barwidth(`width') color("0 114 178") lcolor(white))"'
    }
    else {
        forvalues g = 1/`groups' {
            local colour : word `g' of `colours'
            local plots `"`macval(plots)' (line `height' middle if group == `"`macval(name`g')'"', lcolor("`colour'"))"'
            local order `"`macval(order)' `g' `"`macval(name`g')'"'"'
        }
    }
    if "`mean'" != "" {
        local plots `"`macval(plots)' (function y = normalden(x, `mean', `sd'), range(`=low[1]' `=high[_N]') lcolor("213 94 0"))"'
    }
    local legend "legend(off)"
    if `groups' > 1 {
        local legend `"legend(order(`macval(order)'))"'
    }
    twoway `macval(plots)', title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle("`ytitle'") ylabel(, angle(0)) `macval(legend)' ///
        note("N = `n' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
