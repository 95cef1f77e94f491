*! ss_marker_plot 1.0.0: draws the ROC curves of one or two markers
* Usage: ss_marker_plot using "file.svg", outcome(0/1 variable) markers(varlist)
program define ss_marker_plot
    syntax using/, OUTcome(varname) MARkers(varlist)
    local colours `""0 114 178" "213 94 0""'
    ss_label `outcome'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly count if ss_use
    local used = r(N)
    tempfile all
    local number = 0
    local plots ""
    local order ""
    foreach marker of local markers {
        local number = `number' + 1
        quietly roctab `outcome' `marker' if ss_use
        local area = strtrim(string(r(area), "%6.4f"))
        ss_label `marker'
        local colour : word `number' of `colours'
        local plots `"`plots' (line ss_tpr ss_fpr if ss_number == `number', lcolor("`colour'") lwidth(medthick))"'
        local order `"`macval(order)' `number' `"`=r(text)' (area `area')"'"'
        preserve
        quietly keep if ss_use
        keep `outcome' `marker'
        quietly count if `outcome' == 1
        local ones = r(N)
        gsort -`marker'
        quietly generate double ss_tpr = sum(`outcome' == 1) / `ones'
        quietly generate double ss_fpr = sum(`outcome' == 0) / (_N - `ones')
        quietly keep if `marker' != `marker'[_n + 1]
        quietly set obs `=_N + 1'
        quietly replace ss_tpr = 0 if missing(ss_tpr)
        quietly replace ss_fpr = 0 if missing(ss_fpr)
        quietly generate byte ss_number = `number'
        keep ss_tpr ss_fpr ss_number
        if `number' > 1 {
            quietly append using "`all'"
        }
        quietly save "`all'", replace
        restore
    }
    preserve
    quietly use "`all'", clear
    sort ss_number ss_fpr ss_tpr
    local last = `number' + 1
    twoway `plots' (function y = x, range(0 1) lcolor(gs8) lpattern(dash)), legend(order(`macval(order)' `last' "no information")) ///
        title(`"ROC curve: `macval(name)'"') xtitle("1 - specificity (share)") ytitle("Sensitivity (share)") ///
        xlabel(0(0.2)1) ylabel(0(0.2)1, angle(0)) note(`"N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
end
