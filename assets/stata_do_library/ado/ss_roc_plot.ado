*! ss_roc_plot 1.0.0: draws the ROC curve of a predicted probability and returns its area
* Usage: ss_roc_plot using "file.svg", outcome(0/1 variable) probability(variable)
* Returns r(area), by the trapezoid rule over distinct probabilities (equal to the rank statistic with ties halved).
program define ss_roc_plot, rclass
    syntax using/, OUTcome(varname) PRObability(varname)
    tempname area
    ss_label `outcome'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use
    local used = _N
    keep `outcome' `probability'
    quietly count if `outcome' == 1
    local ones = r(N)
    gsort -`probability'
    quietly generate double ss_tpr = sum(`outcome' == 1) / `ones'
    quietly generate double ss_fpr = sum(`outcome' == 0) / (_N - `ones')
    quietly keep if `probability' != `probability'[_n + 1]
    quietly set obs `=_N + 1'
    quietly replace ss_tpr = 0 if missing(ss_tpr)
    quietly replace ss_fpr = 0 if missing(ss_fpr)
    sort ss_fpr ss_tpr
    quietly generate double ss_part = (ss_fpr - ss_fpr[_n - 1]) * (ss_tpr + ss_tpr[_n - 1]) / 2
    quietly summarize ss_part
    scalar `area' = r(sum)
    local shown = strtrim(strofreal(`area', "%6.4f"))
    twoway (line ss_tpr ss_fpr, lcolor("0 114 178")) (function y = x, range(0 1) lcolor(gs8) lpattern(dash)), ///
        title(`"ROC curve: `macval(name)'"') xtitle("1 - specificity (share)") ytitle("Sensitivity (share)") ///
        xlabel(0(0.2)1) ylabel(0(0.2)1, angle(0)) legend(off) ///
        note(`"Area under the curve = `shown'; N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
    return scalar area = `area'
end
