"""Survey estimation: the R package survey (Lumley) on its data of Californian schools.

The linearised covariance, degrees of freedom and the second-order corrected test of tables follow the same
formulas as [SVY] Variance estimation. R divides the information of a regression by nothing else, so standard
errors agree to the digits of the fits. Design effects are R's `deff="replace"` (against sampling with
replacement), their squares are Stata's DEFT."""

import io
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from numeric import jacobian
from scipy.stats import norm

R = r"""
suppressMessages(library(survey)); data(api); options(digits=17)
s <- apistrat[, c("cds","stype","api00","api99","ell","meals","mobility","enroll","pw","fpc","dnum","awards","sch.wide")]
s$st <- as.integer(s$stype); s$aw <- as.integer(s$awards == "Yes"); s$sw <- as.integer(s$sch.wide == "Yes"); s$big <- as.integer(s$enroll > 600)
s <- s[, c("st","api00","api99","ell","meals","mobility","enroll","pw","fpc","dnum","aw","sw","big")]
c1 <- apiclus1; c1$st <- as.integer(c1$stype); c1$aw <- as.integer(c1$awards == "Yes"); c1$sw <- as.integer(c1$sch.wide == "Yes")
c1 <- c1[, c("st","api00","api99","ell","meals","mobility","enroll","pw","fpc","dnum","aw","sw")]
# A design with two strata and clusters, one stratum with a single cluster.
c1$half <- as.integer(c1$dnum > 400); c1$lone <- ifelse(c1$dnum == 61, 9L, c1$half)
write.csv(s, "FOLDER/s.csv", row.names=FALSE); write.csv(c1, "FOLDER/c1.csv", row.names=FALSE)
say <- function(k, v) cat(sprintf("%s,%.17g\n", k, v))
one <- function(tag, fit, names) { b <- coef(fit); se <- SE(fit); for (i in seq_along(names)) { say(paste0(tag, "|b|", names[i]), b[[i]]); say(paste0(tag, "|se|", names[i]), se[[i]]) } }
ds <- svydesign(id=~1, strata=~st, weights=~pw, data=s, fpc=~fpc)
dn <- svydesign(id=~1, strata=~st, weights=~pw, data=s)
dc <- svydesign(id=~dnum, strata=~half, weights=~pw, data=c1, nest=TRUE)
df <- svydesign(id=~dnum, weights=~pw, data=c1, fpc=~fpc)
m <- svymean(~api00+enroll, ds, deff="replace"); one("mean", m, c("api00","enroll")); say("mean|deff|api00", deff(m)[[1]]); say("df|mean", degf(ds))
m <- svymean(~api00, dc, deff="replace"); one("meanc", m, "api00"); say("meanc|deff|api00", deff(m)[[1]]); say("df|meanc", degf(dc))
one("total", svytotal(~enroll, ds), "enroll"); one("totalc", svytotal(~enroll, df), "enroll")
m <- svyby(~api00, ~st, dc, svymean); for (i in 1:3) { say(paste0("over|b|", i), coef(m)[[i]]); say(paste0("over|se|", i), SE(m)[[i]]) }
m <- svyratio(~api00, ~api99, ds); one("ratio", m, "r")
sub <- subset(dc, ell > 20); one("sub", svymean(~api00, sub), "api00"); say("df|sub", degf(sub))
m <- svymean(~factor(st), dc); one("prop", m, c("1","2","3")); ci <- svyciprop(~I(st==2), dc, method="logit"); say("prop|low", attr(ci,"ci")[[1]]); say("prop|high", attr(ci,"ci")[[2]])
m <- svyglm(api00 ~ ell + meals + mobility, ds); one("reg", m, c("_cons","ell","meals","mobility"))
m <- svyglm(api00 ~ ell + meals + mobility, dc); one("regc", m, c("_cons","ell","meals","mobility"))
say("regc|F", regTermTest(m, ~ell+meals+mobility, df=degf(dc))$Ftest[1])
m <- svyglm(aw ~ ell + meals, dc, family=quasibinomial(), control=glm.control(epsilon=1e-14)); one("logit", m, c("_cons","ell","meals"))
m <- svyglm(aw ~ ell + meals, subset(dc, st == 1), family=quasibinomial(), control=glm.control(epsilon=1e-14)); one("logitsub", m, c("_cons","ell","meals"))
m <- svyglm(aw ~ ell + meals, dc, family=quasibinomial("probit"), control=glm.control(epsilon=1e-14)); one("probit", m, c("_cons","ell","meals"))
m <- svyglm(enroll ~ ell + meals, dc, family=quasipoisson(), control=glm.control(epsilon=1e-14)); one("poisson", m, c("_cons","ell","meals"))
t <- svychisq(~st+aw, dc, statistic="F"); say("tab|F", t$statistic[[1]]); say("tab|ndf", t$parameter[[1]]); say("tab|ddf", t$parameter[[2]]); say("tab|p", t$p.value[[1]])
t <- svychisq(~big+aw, ds, statistic="F"); say("tab2|F", t$statistic[[1]]); say("tab2|ddf", t$parameter[[2]]); say("tab2|p", t$p.value[[1]])
m <- svymean(~interaction(st,aw), dc); one("cells", m, paste0("p", rep(1:3,2), rep(1:2,each=3)))
options(survey.lonely.psu="certainty"); dl <- svydesign(id=~dnum, strata=~lone, weights=~pw, data=c1, nest=TRUE); one("certainty", svymean(~api00, dl), "api00")
options(survey.lonely.psu="average"); one("scaled", svymean(~api00, dl), "api00")
options(survey.lonely.psu="adjust"); one("centered", svymean(~api00, dl), "api00")
"""


def numbers(folder):
    out = subprocess.run(["Rscript", "-e", R.replace("FOLDER", folder)], capture_output=True, text=True, check=True).stdout
    frame = pd.read_csv(io.StringIO(out), header=None)
    return dict(zip(frame[0], frame[1]))


def probit_by_hand():
    """Weighted probit with the observed information and the design's covariance of the total score."""
    d = pd.read_csv(ROOT / "data/schoolclus.csv")
    x, y, w = np.column_stack([np.ones(len(d)), d.ell, d.meals]), d.aw.to_numpy(), d.pw.to_numpy()
    sign = np.where(y == 1, 1.0, -1.0)
    score = lambda b: x * (w * sign * np.exp(norm.logpdf(x @ b) - norm.logcdf(sign * (x @ b))))[:, None]
    b = np.zeros(3)
    for _ in range(50):
        h = -jacobian(lambda s: score(s).sum(0), b, 1e-4)
        step = np.linalg.solve(h, score(b).sum(0))
        b = b + step
        if np.abs(step).max() < 1e-13:
            break
    z = pd.DataFrame(score(b)).groupby([d.half, d.dnum]).sum()
    g = sum(len(u) / (len(u) - 1) * (u - u.mean()).T @ (u - u.mean()) for _, u in z.groupby(level=0))
    inv = np.linalg.inv(h)
    return b, np.sqrt(np.diag(inv @ g.to_numpy() @ inv))


def main():
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        r = numbers(folder)
        write_data("schoolstrat", pd.read_csv(f"{folder}/s.csv"))
        write_data("schoolclus", pd.read_csv(f"{folder}/c1.csv"))
    cases = Cases("survey", "R survey 4.1 (Lumley), data api of the package")
    strat = "svyset [pweight=pw], strata(st) fpc(fpc)\n"
    clus = "svyset dnum [pweight=pw], strata(half)\n"

    def pairs(tag, names, shown=None):
        out = {}
        for name in names:
            key = (shown or {}).get(name, name)
            out[f"_b[{key}]"] = r[f"{tag}|b|{name}"]
            out[f"_se[{key}]"] = r[f"{tag}|se|{name}"]
        return out

    add = cases.add
    deft = {"el(e(deft),1,1)^2": r["mean|deff|api00"]}
    add("svy mean stratified fpc", "schoolstrat.csv", strat + "svy: mean api00 enroll", pairs("mean", ["api00", "enroll"]) | {"e(df_r)": r["df|mean"]} | deft)
    add("svy mean clusters deff", "schoolclus.csv", clus + "svy: mean api00\nestat effects", pairs("meanc", ["api00"]) | {"e(df_r)": r["df|meanc"], "el(r(deff),1,1)": r["meanc|deff|api00"]})
    add("svy total fpc", "schoolstrat.csv", strat + "svy: total enroll", pairs("total", ["enroll"]))
    add("svy total clusters fpc", "schoolclus.csv", "svyset dnum [pweight=pw], fpc(fpc)\nsvy: total enroll", pairs("totalc", ["enroll"]))
    over = {}
    for i, base in ((1, "bn"), (2, ""), (3, "")):
        over[f"_b[c.api00@{i}{base}.st]"] = r[f"over|b|{i}"]
        over[f"_se[c.api00@{i}{base}.st]"] = r[f"over|se|{i}"]
    add("svy mean over", "schoolclus.csv", clus + "svy: mean api00, over(st)", over)
    add("svy ratio", "schoolstrat.csv", strat + "svy: ratio (r: api00/api99)", pairs("ratio", ["r"]))
    add("svy subpop", "schoolclus.csv", clus + "generate byte big = ell > 20\nsvy, subpop(big): mean api00", pairs("sub", ["api00"]))
    add("svy subpop if", "schoolclus.csv", clus + "svy, subpop(if ell > 20): mean api00", pairs("sub", ["api00"]))
    prop = pairs("prop", ["1", "2", "3"], {"1": "1.st", "2": "2.st", "3": "3.st"})
    prop |= {"el(r(table),5,2)": r["prop|low"], "el(r(table),6,2)": r["prop|high"]}
    add("svy proportion", "schoolclus.csv", clus + "svy: proportion st", prop)
    x = ["_cons", "ell", "meals", "mobility"]
    add("svy regress fpc", "schoolstrat.csv", strat + "svy: regress api00 ell meals mobility", pairs("reg", x))
    # R's term test is the Wald statistic over its degrees of freedom; the survey statistic is adjusted.
    d = r["df|meanc"]
    f = r["regc|F"] * (d - 2) / d
    add("svy regress clusters", "schoolclus.csv", clus + "svy: regress api00 ell meals mobility\ntest ell meals mobility", pairs("regc", x) | {"e(F)": f, "r(F)": f, "r(df_r)": d - 2})
    add("svy regress collinear", "schoolclus.csv", clus + "generate e2 = ell/2\nsvy: regress api00 ell e2 meals mobility", pairs("regc", x))
    x = x[:3]
    add("svy logit", "schoolclus.csv", clus + "svy: logit aw ell meals", pairs("logit", x), 1e-6)
    add("svy logit subpop", "schoolclus.csv", clus + "svy, subpop(if st == 1): logit aw ell meals", pairs("logitsub", x), 1e-6)
    add("svy logistic", "schoolclus.csv", clus + "svy: logistic aw ell meals", pairs("logit", x), 1e-6)
    add("svy poisson", "schoolclus.csv", clus + "svy: poisson enroll ell meals", pairs("poisson", x), 1e-6)
    b, se = probit_by_hand()
    cases.add("svy probit", "schoolclus.csv", clus + "svy: probit aw ell meals", {f"_b[{c}]": v for c, v in zip(x, b)} | {f"_se[{c}]": v for c, v in zip(x, se)}, 1e-6, "numpy: observed information by differences, R gives the expected one")
    tab = {"e(F_Pear)": r["tab|F"], "e(df1_Pear)": r["tab|ndf"], "e(df2_Pear)": r["tab|ddf"], "e(p_Pear)": r["tab|p"]}
    cells = [f"p{i}{j}" for j in (1, 2) for i in (1, 2, 3)]
    add("svy tabulate", "schoolclus.csv", clus + "svy: tabulate st aw, se", tab | pairs("cells", cells))
    add("svy tabulate 2x2 fpc", "schoolstrat.csv", strat + "svy: tabulate big aw, se ci", {"e(F_Pear)": r["tab2|F"], "e(df2_Pear)": r["tab2|ddf"], "e(p_Pear)": r["tab2|p"]})
    for single in ("certainty", "scaled", "centered"):
        add(f"svy singleunit {single}", "schoolclus.csv", f"svyset dnum [pweight=pw], strata(lone) singleunit({single})\nsvy: mean api00", pairs(single, ["api00"]))
    cases.write()


if __name__ == "__main__":
    main()
