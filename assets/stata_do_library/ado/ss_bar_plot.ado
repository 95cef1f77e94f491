*! ss_bar_plot 1.0.0: draws the rows of a posted table as horizontal bars, the first row on top
* Usage: ss_bar_plot using "file.svg", rows("temporary file") height(variable) names(text variable) [condition(if) title() xtitle() ytitle() note() limit(#)]
* At most limit() rows (30) are drawn; the note says so when there are more.
program define ss_bar_plot
    syntax using/, Rows(string) HEight(name) NAmes(name) [CONDition(string asis) TItle(string) XTItle(string) YTItle(string) NOTE(string) LImit(integer 30)]
    preserve
    quietly use "`rows'", clear
    if `"`condition'"' != "" {
        quietly keep if `condition'
    }
    local all = _N
    if `all' > `limit' {
        quietly keep in 1/`limit'
        local note `"`note'; the first `limit' of `all' are drawn"'
    }
    local count = _N
    quietly generate long position = _n
    local axis ""
    forvalues i = 1/`count' {
        local text = `names'[`i']
        if ustrlen(`"`macval(text)'"') > 24 {
            local text = usubstr(`"`macval(text)'"', 1, 23) + "..."
        }
        local axis `"`macval(axis)' `i' `"`macval(text)'"'"'
    }
    twoway (bar `height' position, horizontal barwidth(0.7) color("0 114 178")), ylabel(`macval(axis)', angle(0) nogrid) ///
        yscale(reverse range(0.5 `=`count' + 0.5')) xscale(range(0)) legend(off) ///
        title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') note(`"`note'"')
    ss_figure using "`using'"
    restore
end
