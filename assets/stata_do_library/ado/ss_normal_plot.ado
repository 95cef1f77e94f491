*! ss_normal_plot 1.0.0: draws normal quantile plots; several variables are standardised and share the axes
* Usage: ss_normal_plot using "file.svg", variables(varlist)
* At most six variables are drawn.
program define ss_normal_plot
    syntax using/, VARiables(varlist)
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233""'
    local count : word count `variables'
    local drawn = min(`count', 6)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use
    local used = _N
    local plots ""
    local order ""
    local low = .
    local high = .
    forvalues k = 1/`drawn' {
        local variable : word `k' of `variables'
        local colour : word `k' of `colours'
        quietly summarize `variable'
        local n = r(N)
        local mean = cond(`count' > 1, 0, r(mean))
        local sd = cond(`count' > 1, 1, r(sd))
        sort `variable'
        * plotting positions i/(N+1), as [R] diagnostic plots; missing values sort last
        quietly generate double ss_x`k' = `mean' + `sd' * invnormal(_n / (`n' + 1)) if _n <= `n'
        quietly generate double ss_y`k' = `variable'
        if `count' > 1 {
            quietly replace ss_y`k' = (`variable' - r(mean)) / r(sd)
        }
        quietly summarize ss_x`k', meanonly
        local low = min(`low', r(min))
        local high = max(cond(missing(`high'), r(max), `high'), r(max))
        local plots `"`plots' (scatter ss_y`k' ss_x`k', mcolor("`colour'") msize(small))"'
        ss_label `variable'
        local text = r(text)
        local order `"`macval(order)' `k' `"`macval(text)'"'"'
    }
    local xtitle "Normal quantile (unit of the variable)"
    local ytitle `"`macval(text)'"'
    local title `"Normal quantile plot: `macval(text)'"'
    local legend "legend(off)"
    if `count' > 1 {
        local xtitle "Normal quantile (standard deviations)"
        local ytitle "Distance from the mean (standard deviations)"
        local title "Normal quantile plots"
        local legend `"legend(order(`macval(order)'))"'
    }
    twoway `plots' (function y = x, range(`low' `high') lcolor(gs8) lpattern(dash)), `macval(legend)' ///
        title(`"`macval(title)'"') xtitle("`xtitle'") ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) ///
        note("Line: normal distribution; N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
