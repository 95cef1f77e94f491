* survey of households: weights, missing codes, labels, dupes
clear
input hh person age sex income wt
1 1 45 1 30000 1.5
1 2 43 2 -9 1.5
2 1 30 1 25000 2
2 1 30 1 25000 2
3 1 67 2 -8 1
3 2 12 1 . 1
end
mvdecode income, mv(-9=.a \ -8=.b)
label define m .a "refused" .b "unknown"
label values income m
tab income, missing
duplicates report hh person
duplicates drop
assert _N == 5
codebook age income, compact
gen adult = age >= 18 if !missing(age)
bysort hh: egen n_adults = total(adult)
bysort hh (person): gen hhsize = _N
egen any = rowmiss(income age)
mean age [pw=wt]
summarize age [aw=wt]
tab sex [fw=round(wt)]
tabulate sex, generate(sx)
assert sx1 + sx2 == 1
xtile q = age, nq(2)
recode sex (1=0) (2=1), gen(female)
label variable female "Female"
label define f 0 "male" 1 "female"
label values female f
decode female, gen(fs)
encode fs, gen(f2)
assert "`: label (f2) 1'" == "female"
tab1 sex female
tab2 sex female adult
sum income, meanonly
assert r(N) == 2 - 0
misstable summarize
notes: made for teaching
compress
order hh person, first
sort hh -person
