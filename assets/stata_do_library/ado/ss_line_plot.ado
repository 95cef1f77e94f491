*! ss_line_plot 1.0.0: draws series over time, one line per group
* Usage: ss_line_plot using "file.svg", rows("series file") y(varname) time(varname) group(variable of ss_groups) stat(text) [mark(day) title(text)]
program define ss_line_plot
    syntax using/, Rows(string) Y(varname) TIme(varname) GROup(varname) STat(string) [MARK(string) TItle(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    ss_label `y'
    local ytitle = r(text)
    ss_label `time'
    local xtitle = r(text)
    if `"`macval(title)'"' == "" {
        local title `"`macval(ytitle)' over time"'
    }
    if "`stat'" != "none" {
        local ytitle `"`macval(ytitle)' (`stat')"'
    }
    local format : format `time'
    quietly summarize `group' if ss_use, meanonly
    local groups = r(max)
    local used = r(N)
    forvalues g = 1/`groups' {
        local name`g' : label `group' `g'
    }
    ss_source
    local engine "`r(engine)'"
    local line ""
    if "`mark'" != "" {
        local line "xline(`mark', lcolor(gs8) lpattern(dash))"
    }
    preserve
    quietly use "`rows'", clear
    format time `format'
    sort group time
    local plots ""
    local order ""
    forvalues g = 1/`groups' {
        local colour : word `g' of `colours'
        local plots `"`macval(plots)' (connected value time if group == `"`macval(name`g')'"', lcolor("`colour'") mcolor("`colour'") msize(small))"'
        local order `"`macval(order)' `g' `"`macval(name`g')'"'"'
    }
    local legend "legend(off)"
    if `groups' > 1 {
        local legend `"legend(order(`macval(order)'))"'
    }
    twoway `macval(plots)', `line' title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) `macval(legend)' ///
        note("N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
