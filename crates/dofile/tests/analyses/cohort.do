* epidemiology: 2x2 tables, logistic, dates of follow-up, survival
clear
set seed 2023
set obs 500
gen age = 40 + floor(35*runiform())
gen smoke = runiform() < .4
gen exposed = runiform() < .3
gen case = runiform() < invlogit(-3 + .03*(age-40) + .8*smoke + .5*exposed)
label define yn 0 "No" 1 "Yes"
label values smoke exposed case yn
tabulate exposed case, row chi2 exact
cs case exposed
cc case exposed, by(smoke)
logit case age i.smoke i.exposed, or nolog
estat gof, group(10)
lroc, nograph
predict p, pr
summarize p, detail
egen agegrp = cut(age), at(40 50 60 70 80) label
tab agegrp case, col nofreq
recode age (40/49 = 1 "40-49") (50/59 = 2 "50-59") (60/max = 3 "60+"), gen(ag3)
tab ag3
gen t = -ln(runiform())/(.02*exp(.5*smoke))
gen d = t < 36
replace t = 36 if !d
stset t, failure(d)
sts list, at(0 12 24 36) by(smoke)
sts test smoke
stcox i.smoke age, nolog
estat phtest
stcox i.smoke age, nohr nolog efron
testparm i.smoke
ir d smoke t
poisson d i.smoke, exposure(t) irr nolog
tabstat age t, by(smoke) statistics(n mean sd p25 p50 p75) columns(statistics)
ttest age, by(smoke)
ranksum age, by(smoke)
