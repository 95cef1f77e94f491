*! ss_km_plot 1.0.0: draws the survivor functions of groups as stairs from one, with limits for up to four groups
* Usage: ss_km_plot using "file.svg", group(variable of ss_groups) time(varname) [level(#) subtitle(text)]
* Reads ss_s ss_low ss_high of sts generate and _t _st.
program define ss_km_plot
    syntax using/, GROup(varname) TIme(varname) [LEVel(real 95) SUBtitle(string)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "0 0 0" "128 128 128""'
    ss_label `time'
    local xtitle = r(text)
    ss_label `group'
    local by = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly count if _st == 1
    local used = r(N)
    quietly summarize `group' if _st == 1, meanonly
    local groups = r(max)
    preserve
    quietly keep if _st == 1
    keep `group' _t ss_s ss_low ss_high
    sort `group' _t
    quietly by `group' _t: keep if _n == _N
    local rows = _N
    quietly set obs `=`rows' + `groups''
    forvalues g = 1/`groups' {
        quietly replace `group' = `g' in `=`rows' + `g''
    }
    foreach variable in ss_s ss_low ss_high {
        quietly replace `variable' = 1 in `=`rows' + 1'/l
    }
    quietly replace _t = 0 in `=`rows' + 1'/l
    sort `group' _t
    local plots ""
    local order ""
    local drawn = 0
    forvalues g = 1/`groups' {
        local colour : word `=mod(`g' - 1, 8) + 1' of `colours'
        local pattern : word `=mod(`g' - 1, 4) + 1' of solid dash shortdash longdash_dot
        if `groups' <= 4 {
            local pattern "solid"
        }
        local plots `"`plots' (line ss_s _t if `group' == `g', connect(stairstep) lcolor("`colour'") lpattern(`pattern') lwidth(medthick))"'
        local drawn = `drawn' + 1
        local text : label `group' `g'
        local order `"`macval(order)' `drawn' `"`macval(text)'"'"'
        if `groups' <= 4 {
            local plots `"`plots' (line ss_low _t if `group' == `g', connect(stairstep) lcolor("`colour'") lpattern(shortdash) lwidth(thin)) (line ss_high _t if `group' == `g', connect(stairstep) lcolor("`colour'") lpattern(shortdash) lwidth(thin))"'
            local drawn = `drawn' + 2
        }
    }
    local legend "legend(off)"
    if `groups' > 1 {
        local legend `"legend(order(`macval(order)') title(`"`macval(by)'"'))"'
    }
    local limits "thin dashed lines are `level'% confidence limits; "
    if `groups' > 4 {
        local limits ""
    }
    twoway `plots', title("Kaplan-Meier survival estimates") subtitle(`"`subtitle'"') xtitle(`"Time: `macval(xtitle)'"') ///
        ytitle("Survival probability") ylabel(0(0.2)1, angle(0)) yscale(range(0 1)) xscale(range(0 0)) `macval(legend)' ///
        note(`"N = `used' rows of the sample; `limits'`engine'"')
    ss_figure using "`using'"
    restore
end
