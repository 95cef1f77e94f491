*! ss_cells_plot 1.0.0: draws the means of the cells of two factors with intervals, one line per level of the second
* Usage: ss_cells_plot using "file.svg", rows("file") outcome(varname) first(variable of ss_groups) second(variable of ss_groups) n(#) level(#)
* rows has position, series, margin, ci_low and ci_high.
program define ss_cells_plot
    syntax using/, Rows(string) OUTcome(varname) FIrst(varname) SEcond(varname) N(integer) [LEVel(real 95)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "120 120 120" "0 0 0""'
    local axis ""
    quietly summarize `first' if ss_use, meanonly
    local height = r(max)
    forvalues i = 1/`height' {
        local text : label `first' `i'
        local axis `"`macval(axis)' `i' `"`macval(text)'"'"'
    }
    quietly summarize `second' if ss_use, meanonly
    local width = min(r(max), 8)
    local plots ""
    local order ""
    forvalues j = 1/`width' {
        local colour : word `j' of `colours'
        local text : label `second' `j'
        local plots `"`plots' (rcap ci_low ci_high place if series == `j', lcolor("`colour'")) (connected margin place if series == `j', lcolor("`colour'") mcolor("`colour'"))"'
        local order `"`macval(order)' `=2 * `j'' `"`macval(text)'"'"'
    }
    ss_label `outcome'
    local ytitle = r(text)
    ss_label `first'
    local xtitle = r(text)
    ss_label `second'
    local legend = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    * lines of the second factor stand side by side, so that intervals do not cover each other
    quietly generate double place = position + (series - (`width' + 1) / 2) * 0.08
    twoway `plots', xlabel(`macval(axis)') xscale(range(0.5 `=`height' + 0.5')) legend(order(`macval(order)') title(`"`macval(legend)'"')) ///
        title(`"Means of `macval(ytitle)' by `macval(xtitle)' and `macval(legend)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"Mean of `macval(ytitle)'"') ///
        ylabel(, angle(0)) note("Adjusted means with `level'% intervals; N = `n'; `engine'")
    ss_figure using "`using'"
    restore
end
