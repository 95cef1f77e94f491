*! ss_class_plot 1.0.0: draws the profiles of latent classes: the probability of the last category of each item
* Usage: ss_class_plot using "file.svg", rows("profiles") shares("classes") variables(varlist) n(#) [level(#)]
* profiles has class, variable, category, probability, ci_low and ci_high; classes has class and share. At most 8 classes are drawn.
program define ss_class_plot
    syntax using/, Rows(string) SHares(string) VARiables(varlist) N(integer) [LEVel(real 95)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "120 120 120" "0 0 0""'
    ss_source
    local engine "`r(engine)'"
    local axis ""
    local item = 0
    foreach variable of local variables {
        local item = `item' + 1
        ss_label `variable'
        local axis `"`macval(axis)' `item' `"`=r(text)'"'"'
    }
    preserve
    quietly use "`shares'", clear
    local drawn = min(_N, 8)
    local plots ""
    local order ""
    forvalues c = 1/`drawn' {
        local colour : word `c' of `colours'
        local percent = strofreal(100 * share[`c'], "%4.1f")
        local plots `"`plots' (rcap ci_low ci_high place if class == `c', lcolor("`colour'")) (connected probability place if class == `c', lcolor("`colour'") mcolor("`colour'"))"'
        local order `"`order' `=2 * `c'' "Class `c' (`percent'%)""'
    }
    quietly use "`rows'", clear
    quietly generate double place = .
    local item = 0
    foreach variable of local variables {
        local item = `item' + 1
        quietly summarize category if variable == "`variable'", meanonly
        * classes stand side by side, so that intervals do not cover each other
        quietly replace place = `item' + (class - (`drawn' + 1) / 2) * 0.06 if variable == "`variable'" & category == r(max)
    }
    quietly drop if missing(place)
    sort class place
    twoway `plots', xlabel(`macval(axis)', angle(45)) xscale(range(0.5 `=`item' + 0.5')) yscale(range(0 1)) ylabel(0(0.25)1, angle(0)) ///
        legend(order(`order')) title("Profiles of the classes") xtitle("Item") ytitle("Probability of the last category") ///
        note("Answers 0 and 1: probability of 1; `level'% intervals; N = `n'; `engine'")
    ss_figure using "`using'"
    restore
end
