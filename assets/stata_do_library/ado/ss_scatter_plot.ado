*! ss_scatter_plot 1.0.0: draws points of two variables by group, with a fitted line for each group
* Usage: ss_scatter_plot using "file.svg", y(varname) x(varname) group(variable numbered from 1) fit(none|linear|quadratic|lowess) [title(text)]
program define ss_scatter_plot
    syntax using/, Y(varname) X(varname) GROup(varname) Fit(string) [TItle(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    quietly summarize `group' if ss_use, meanonly
    local groups = r(max)
    local used = r(N)
    local command ""
    if "`fit'" == "linear" {
        local command "lfit"
    }
    if "`fit'" == "quadratic" {
        local command "qfit"
    }
    if "`fit'" == "lowess" {
        local command "lowess"
    }
    local plots ""
    local order ""
    local number = 0
    forvalues g = 1/`groups' {
        local colour : word `g' of `colours'
        local text : label `group' `g'
        local plots `"`plots' (scatter `y' `x' if ss_use & `group' == `g', mcolor("`colour'") msize(small))"'
        local number = `number' + 1
        local order `"`macval(order)' `number' `"`macval(text)'"'"'
        if "`command'" != "" {
            local plots `"`plots' (`command' `y' `x' if ss_use & `group' == `g', lcolor("`colour'"))"'
            local number = `number' + 1
        }
    }
    local legend "legend(off)"
    if `groups' > 1 {
        local legend `"legend(order(`macval(order)'))"'
    }
    ss_label `x'
    local xtitle = r(text)
    ss_label `y'
    local ytitle = r(text)
    if `"`macval(title)'"' == "" {
        local title `"`macval(ytitle)' and `macval(xtitle)'"'
    }
    ss_source
    local engine "`r(engine)'"
    twoway `plots', title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) `macval(legend)' ///
        note("N = `used' rows of the sample; fit: `fit'; `engine'")
    ss_figure using "`using'"
end
