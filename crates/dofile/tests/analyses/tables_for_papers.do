* Tables and figures of a dissertation: base levels, balance tables, regression tables in LaTeX, coefficient plots.
version 15
clear all
set obs 300
generate id = ceil(_n/6)
bysort id: generate year = 2000 + _n
generate treated = mod(id, 2)
generate region = 1 + mod(id, 3)
generate size = mod(7*_n, 19)/4
generate y = 1 + .5*treated + .2*size + .3*(year > 2003)*treated + mod(11*_n, 23)/10
label define region 1 "North" 2 "East" 3 "South"
label values region region
label variable size "Size (\%)"
label variable treated "Treated"
xtset id year

* balance of the groups
estpost ttest y size, by(treated)
assert rowsof(e(b)) == 1 & colsof(e(b)) == 2
esttab using balance.tex, cells("mu_1(fmt(2)) mu_2(fmt(2)) b(star fmt(2)) t(fmt(2))") noobs nonumber replace
estpost tabstat y size, by(region) statistics(mean sd) columns(statistics)
esttab ., main(mean) aux(sd) nostar unstack noobs nonote nonumber label

* models side by side
eststo clear
eststo m1: quietly regress y treated size
eststo m2: quietly regress y treated size i.region, vce(cluster id)
estadd local effects "Region"
eststo m3: quietly reghdfe y size, absorb(id) resid
summarize _reghdfe_resid
assert abs(r(mean)) < 1e-8
esttab m1 m2 m3 using main.tex, replace se b(%9.3f) label s(effects N r2, labels("Effects" "Observations" "\$R^2\$") fmt(0 0 3)) ///
    mgroups("Pooled" "Within", pattern(1 0 1) prefix(\multicolumn{@span}{c}{) suffix(}) span erepeat(\cmidrule(lr){@span})) ///
    prehead("\begin{tabular}{l*{@M}{c}}" "\toprule") posthead("\midrule") prefoot("\midrule") postfoot("\bottomrule" "\end{tabular}") ///
    drop(*.region) mlabels(none)
file open t using main.tex, read text
local groups 0
local rules 0
file read t line
while r(eof) == 0 {
    if strpos(`"`macval(line)'"', "cmidrule(lr){2-3}") local ++groups
    if strpos(`"`macval(line)'"', "midrule") == 2 local ++rules
    file read t line
}
file close t
assert `groups' == 1
assert `rules' == 2
erase main.tex
erase balance.tex
esttab m1 m2, eform(0 1) wide nogaps compress eqlabels(none) legend cells("b(star fmt(3)) se(par)")

* tables with base levels and own formats
regress y c.size##i.region treated, baselevels cformat(%9.3f) vsquish
regress y i.region, allbaselevels pformat(%5.3f) sformat(%8.2f)
margins region
marginsplot, recast(bar) plotopts(barwidth(.5) fcolor(navy%50)) ciopts(lcolor(black)) graphregion(color(white))

* figures
coefplot m1 m2, drop(_cons) headings(treated = "Policy" 2.region = "Region") xline(0) mlabel format(%4.2f)
coefplot (m1, label(Pooled) mcolor(navy) ciopts(lcolor(navy))) (m2, label(Region)), keep(treated size) vertical yline(0, lpattern(dash))
graph bar (mean) y, over(treated) by(region, note("")) blabel(bar, format(%4.1f)) bargap(10)
graph box y, over(treated) by(region)
scatter y size, jitter(2) mcolor(%30) by(region, total)
