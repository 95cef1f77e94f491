*! ss_bars_plot 1.0.0: draws bars of a statistic by group, side by side for a second group
* Usage: ss_bars_plot using "file.svg", rows("file") stat(mean|sum|count|share) group(variable of ss_groups) over(variable of ss_groups) interval(0|1) [variable(varname) level(#) title(text)]
* rows has position, series, value, ci_low and ci_high.
program define ss_bars_plot
    syntax using/, Rows(string) STat(string) GROup(varname) OVer(varname) INTerval(integer) [VARiable(varname) LEVel(real 95) TItle(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    quietly summarize `group' if ss_use, meanonly
    local bars = r(max)
    local used = r(N)
    local axis ""
    forvalues g = 1/`bars' {
        local text : label `group' `g'
        local axis `"`macval(axis)' `g' `"`macval(text)'"'"'
    }
    quietly summarize `over' if ss_use, meanonly
    local series = r(max)
    local plots ""
    local caps ""
    local order ""
    forvalues s = 1/`series' {
        local colour : word `s' of `colours'
        local text : label `over' `s'
        local plots `"`plots' (bar value place if series == `s', barwidth(`=0.75 / `series'') color("`colour'"))"'
        local caps `"`caps' (rcap ci_low ci_high place if series == `s', lcolor(black))"'
        local order `"`macval(order)' `s' `"`macval(text)'"'"'
    }
    local shown = `interval' == 1 & "`stat'" == "mean"
    local note ""
    if `shown' {
        local plots `"`plots' `caps'"'
        local note "lines: `level'% confidence intervals; "
    }
    local legend "legend(off)"
    if `series' > 1 {
        ss_label `over'
        local legend `"legend(order(`macval(order)') title(`"`=r(text)'"'))"'
    }
    local ytitle "Number of rows"
    if "`stat'" == "share" {
        local ytitle "Share of rows (%)"
    }
    if "`variable'" != "" & inlist("`stat'", "mean", "sum") {
        ss_label `variable'
        local ytitle = cond("`stat'" == "mean", "Mean", "Sum") + `" of `=r(text)'"'
    }
    ss_label `group'
    local xtitle = r(text)
    if `"`macval(title)'"' == "" {
        local title `"`macval(ytitle)' by `macval(xtitle)'"'
    }
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    quietly generate double place = position + (series - (`series' + 1) / 2) * 0.8 / `series'
    twoway `plots', xlabel(`macval(axis)') xscale(range(0.4 `=`bars' + 0.6')) yscale(range(0 .)) ylabel(, angle(0)) `macval(legend)' ///
        title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') note("`note'N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
