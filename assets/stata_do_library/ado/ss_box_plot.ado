*! ss_box_plot 1.0.0: draws box plots of a variable by group
* Usage: ss_box_plot using "file.svg", variable(varname) group(variable of ss_groups)
program define ss_box_plot
    syntax using/, VARiable(varname) GROup(varname)
    ss_label `variable'
    local name = r(text)
    ss_label `group'
    local by = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly count if ss_use
    graph box `variable' if ss_use, over(`group') title(`"`macval(name)' by `macval(by)'"') ytitle(`"`macval(name)'"') ///
        note("N = `r(N)' rows of the sample; `engine'")
    ss_figure using "`using'"
end
