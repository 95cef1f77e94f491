*! ss_boxes_plot 1.0.0: draws box plots of one or several variables, by group where there are several
* Usage: ss_boxes_plot using "file.svg", variables(varlist) group(variable of ss_groups) groups(#) [title(text)]
program define ss_boxes_plot
    syntax using/, VARiables(varlist) GROup(varname) GROUPS(integer) [TItle(string)]
    local count : word count `variables'
    local words ""
    foreach variable of local variables {
        ss_label `variable'
        local words `"`macval(words)', `=r(text)'"'
    }
    local words = substr(`"`macval(words)'"', 3, .)
    local over ""
    local by ""
    if `groups' > 1 {
        ss_label `group'
        local by `" by `=r(text)'"'
        local over "over(`group')"
    }
    if `"`macval(title)'"' == "" {
        local title `"`macval(words)'`macval(by)'"'
    }
    local ytitle `"`macval(words)'"'
    if `count' > 1 {
        local ytitle "Value (unit of each variable)"
    }
    ss_source
    local engine "`r(engine)'"
    quietly count if ss_use
    graph box `variables' if ss_use, `over' title(`"`macval(title)'"') ytitle(`"`macval(ytitle)'"') ///
        note("Box: quartiles; whiskers: within 1.5 interquartile ranges; N = `r(N)' rows of the sample; `engine'")
    ss_figure using "`using'"
end
