"""`margins` with sampled covariates, balanced factors and rows outside the estimation sample.

`vce(unconditional)`: the estimating equations of the model and of the averages stacked, with numerical derivatives, and
the factor n/(n-1) of [P] _robust; published output of [TE] teffects ra, which is the same estimator.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy.stats import norm

L = pd.read_csv(ROOT / 'data/lbw.csv')
def run(kind, df, y, X, f_list, w=None, cl=None, minus1=True):
    """Stacked estimating equations with numerical derivatives: theta, then the margins."""
    n=len(y); w=np.ones(n) if w is None else w
    mod={'regress':sm.GLM(y,X,family=sm.families.Gaussian(),freq_weights=w),
         'logit':sm.GLM(y,X,family=sm.families.Binomial(),freq_weights=w),
         'probit':sm.GLM(y,X,family=sm.families.Binomial(sm.families.links.Probit()),freq_weights=w),
         'poisson':sm.GLM(y,X,family=sm.families.Poisson(),freq_weights=w)}[kind]
    th=mod.fit(tol=1e-14,maxiter=200).params
    def score(t):
        e=X@t
        if kind=='regress': s=y-e
        elif kind=='logit': s=y-1/(1+np.exp(-e))
        elif kind=='probit': s=norm.pdf(e)*(y-norm.cdf(e))/(norm.cdf(e)*norm.cdf(-e))
        else: s=y-np.exp(e)
        return (w*s)[:,None]*X
    k=len(th)
    # refine
    for _ in range(5):
        J=np.zeros((k,k))
        for j in range(k):
            h=1e-5*max(1,abs(th[j])); a=th.copy();a[j]+=h; b=th.copy(); b[j]-=h
            J[:,j]=(score(a).sum(0)-score(b).sum(0))/(2*h)
        th=th-np.linalg.solve(J,score(th).sum(0))
    m=[ (w*f(th)*s).sum()/(w*s).sum() for f,s in f_list]
    full=np.r_[th,m]
    def psi(p):
        t=p[:k]
        cols=[score(t)]+[ (w*s*(f(t)-p[k+i]))[:,None] for i,(f,s) in enumerate(f_list)]
        return np.hstack(cols)
    q=len(full); A=np.zeros((q,q))
    for j in range(q):
        h=1e-5*max(1,abs(full[j])); a=full.copy();a[j]+=h; b=full.copy(); b[j]-=h
        A[:,j]=(psi(a).sum(0)-psi(b).sum(0))/(2*h)
    P=psi(full)
    if cl is not None:
        g=pd.Series(cl); P=pd.DataFrame(P).groupby(g.values).sum().values
    G=len(P)
    Ai=np.linalg.inv(A)
    V=Ai@(P.T@P)@Ai.T*G/(G-1)
    return full[k:],np.sqrt(np.diag(V))[k:]
out={}
one=np.ones(len(L))
X=np.column_stack([L.age,L.lwt,L.race==2,L.race==3,L.smoke==1,one]).astype(float)
low=L.low.values.astype(float)
def setc(X,c,v):
    Y=X.copy(); Y[:,c]=v; return Y
L1=lambda e:1/(1+np.exp(-e))
lg=lambda Y:(lambda t:L1(Y@t))
# logit margins smoke + dydx(lwt) + over? 
S0,S1=setc(X,4,0),setc(X,4,1)
out['logit smoke']=run('logit',L,low,X,[(lg(S0),one),(lg(S1),one)])
out['logit dydx']=run('logit',L,low,X,[(lambda t:(lambda p:p*(1-p)*t[1])(L1(X@t)),one),(lambda t:L1(S1@t)-L1(S0@t),one)])
out['logit over']=run('logit',L,low,X,[(lg(X),(L.race==r).values*1.0) for r in (1,2,3)])
out['logit cluster']=run('logit',L,low,X,[(lg(S0),one),(lg(S1),one)],cl=L.age.values)
out['probit smoke']=run('probit',L,low,X,[((lambda Y:(lambda t:norm.cdf(Y@t)))(Y),one) for Y in (S0,S1)])
w=(1+L.ftv.values).astype(float)
out['logit pw']=run('logit',L,low,X,[(lg(S0),one),(lg(S1),one)],w=w)
ftv=L.ftv.values.astype(float)
out['poisson']=run('poisson',L,ftv,X,[(lambda t:np.exp(S0@t),one),(lambda t:np.exp(S1@t),one),])
out['poisson eyex']=run('poisson',L,ftv,X,[(lambda t:t[0]*L.age.values,one)])
bwt=L.bwt.values.astype(float)
Xi=np.column_stack([L.smoke==1,L.age,(L.smoke==1)*L.age,one]).astype(float)
def xi(s): return np.column_stack([s*one,L.age,s*L.age,one])
out['regress inter']=run('regress',L,bwt,Xi,[(lambda t:xi(1)@t-xi(0)@t,one),(lambda t:xi(0)@t,one),(lambda t:xi(1)@t,one)])
out['regress cluster']=run('regress',L,bwt,Xi,[(lambda t:xi(1)@t-xi(0)@t,one)],cl=L.race.values)
o = out
src='Python: stacked estimating equations of the model and the averages, numerical derivatives, n/(n-1)'
cases = Cases('margins_sampled', 'Python, published output; see each case')
add = lambda name, data, do, expect, tol=1e-6, source=src: cases.add(name, data, do, expect, tol, source)
m='lbw.csv'
fit='%s low age lwt i.race i.smoke, vce(%s)\n'
def bse(key,idx=None):
    b,s=o[key]; e={}
    for j,(x,y) in enumerate(zip(b,s)):
        k=idx[j] if idx else j+1
        e[f'b[1,{k}]']=x; e[f'sqrt(V[{k},{k}])']=y
    return e
mt='\nmatrix b = r(b)\nmatrix V = r(V)'
add('margins unconditional logit',m,fit%('logit','robust')+'margins smoke, vce(unconditional)'+mt,bse('logit smoke'))
add('margins unconditional dydx',m,fit%('logit','robust')+'margins, dydx(lwt smoke) vce(unconditional)'+mt,bse('logit dydx',[1,3]))
add('margins unconditional over',m,fit%('logit','robust')+'margins, over(race) vce(unconditional)'+mt,bse('logit over'))
add('margins unconditional cluster',m,fit%('logit','cluster age')+'margins smoke, vce(unconditional)'+mt,bse('logit cluster'))
add('margins unconditional probit',m,fit%('probit','robust')+'margins smoke, vce(unconditional)'+mt,bse('probit smoke'))
add('margins unconditional pweight',m,'generate w = 1 + ftv\nlogit low age lwt i.race i.smoke [pw=w]\nmargins smoke, vce(uncond)'+mt,bse('logit pw'))
add('margins unconditional poisson',m,fit.replace('low','ftv')%('poisson','robust')+'margins smoke, vce(unconditional)'+mt,bse('poisson'))
add('margins unconditional expression()',m,fit.replace('low','ftv')%('poisson','robust')+'margins smoke, expression(exp(xb())) vce(unconditional)'+mt,bse('poisson'))
add('margins unconditional eyex()',m,fit.replace('low','ftv')%('poisson','robust')+'margins, eyex(age) vce(unconditional)'+mt,bse('poisson eyex'))
e=bse('regress inter'); 
add('margins unconditional regress','lbw.csv','regress bwt i.smoke##c.age, vce(robust)\nmargins smoke, vce(unconditional)\nmatrix t = r(table)\nscalar df = r(df_r)'+mt,
 {'b[1,1]':o['regress inter'][0][1],'sqrt(V[1,1])':o['regress inter'][1][1],'b[1,2]':o['regress inter'][0][2],'sqrt(V[2,2])':o['regress inter'][1][2],'t[2,1]':o['regress inter'][1][1]})
add('margins unconditional contrast','lbw.csv','regress bwt i.smoke##c.age, vce(robust)\nmargins r.smoke, vce(unconditional)'+mt,{'b[1,1]':o['regress inter'][0][0],'sqrt(V[1,1])':o['regress inter'][1][0]})
add('margins unconditional regress cluster','lbw.csv','regress bwt i.smoke##c.age, vce(cluster race)\nmargins r.smoke, vce(unconditional)'+mt,{'b[1,1]':o['regress cluster'][0][0],'sqrt(V[1,1])':o['regress cluster'][1][0]})
n=4642
add('margins unconditional and teffects ra','cattaneo.csv','regress bweight i.mbsmoke##c.(prenatal1 mmarried mage fbaby), vce(robust)\nmargins r.mbsmoke, vce(unconditional)'+mt,{'b[1,1]':-239.6392,'sqrt(V[1,1]*4641/4642)':23.82402},3e-7,'published: [TE] teffects ra, example 1; the same estimator with n in the place of n - 1')
add('margins unconditional of the mean','lbw.csv','regress bwt age i.race, vce(robust)\nmargins, vce(unconditional)\nmatrix V = r(V)\nsummarize bwt\nscalar want = r(sd)/sqrt(r(N))',{'sqrt(V[1,1])':L.bwt.std() / len(L) ** 0.5},1e-8,'by hand: the standard error of the mean, sd/sqrt(n)')
X=np.column_stack([L.age,L.lwt,L.race==2,L.race==3,L.smoke==1,np.ones(len(L))]).astype(float)
def logit(keep):
    r=sm.Logit(L.low.values[keep],X[keep]).fit(disp=0,tol=1e-14,maxiter=100); return r.params,r.cov_params()
def marg(th,V,Y):
    def f(t): return (1/(1+np.exp(-(Y@t)))).mean()
    g=np.array([(f(th+h)-f(th-h))/2e-6 for h in np.eye(6)*1e-6]); return f(th),(g@V@g)**.5
th,V=logit(np.ones(len(L),bool)); e={}
src2='statsmodels Logit, averages by hand'
for k,s in enumerate((0,1),1):
    Y=X.copy();Y[:,2]=Y[:,3]=1/3;Y[:,4]=s
    a,b=marg(th,V,Y); e[f'b[1,{k}]']=a;e[f'sqrt(V[{k},{k}])']=b
fit='logit low age lwt i.race i.smoke\n'
add('margins asbalanced',m,fit+'margins smoke, asbalanced'+mt,e,1e-6,src2)
add('margins at((asbalanced) race)',m,fit+'margins smoke, at((asbalanced) race)'+mt,e,1e-6,src2)
e={}
for k,s in enumerate((0,1),1):
    Y=X.copy();Y[:,0]=L.age.mean();Y[:,1]=L.lwt.mean();Y[:,2]=Y[:,3]=1/3;Y[:,4]=s
    a,b=marg(th,V,Y); e[f'b[1,{k}]']=a;e[f'sqrt(V[{k},{k}])']=b
add('margins asbalanced atmeans',m,fit+'margins smoke, asbalanced atmeans'+mt,e,1e-6,src2)
keep=(L.age>20).values; th,V=logit(keep); e={}
for k,s in enumerate((0,1),1):
    Y=X.copy();Y[:,4]=s
    a,b=marg(th,V,Y); e[f'b[1,{k}]']=a;e[f'sqrt(V[{k},{k}])']=b
e['n']=len(L)
add('margins noesample',m,fit.replace('\n',' if age > 20\n')+'margins smoke, noesample\nscalar n = r(N)'+mt,e,1e-6,src2)
add('margins unconditional fweight',m,'generate w = 1 + ftv\nlogit low age lwt i.race [fw=w], vce(robust)\nmargins race, vce(unconditional)\nmatrix A = r(V)\nexpand w\nlogit low age lwt i.race, vce(robust)\nmargins race, vce(unconditional)\nmatrix B = r(V)',{'A[1,1]/B[1,1]':1,'A[2,1]/B[2,1]':1,'A[3,3]/B[3,3]':1},1e-8,'property: frequencies are repeated rows')
add('margins unconditional fweight cluster',m,'generate w = 1 + ftv\nlogit low age lwt i.race [fw=w], vce(cluster smoke)\nmargins race, vce(unconditional)\nmatrix A = r(V)\nexpand w\nlogit low age lwt i.race, vce(cluster smoke)\nmargins race, vce(unconditional)\nmatrix B = r(V)',{'A[1,1]/B[1,1]':1,'A[3,3]/B[3,3]':1},1e-8,'property: frequencies are repeated rows')


def stacked(score, theta, averages, clusters=None):
    """Any rows of scores and of averages, stacked as in run()."""
    def slope(f, p):
        out = []
        for j in range(len(p)):
            h = 1e-5 * max(1, abs(p[j]))
            up, down = p.copy(), p.copy()
            up[j] += h
            down[j] -= h
            out.append((f(up).sum(0) - f(down).sum(0)) / (2 * h))
        return np.array(out).T
    for _ in range(30):
        theta = theta - np.linalg.solve(slope(score, theta), score(theta).sum(0))
    k = len(theta)
    means = np.array([f(theta).mean() for f in averages])
    full = np.r_[theta, means]
    rows = lambda p: np.column_stack([score(p[:k])] + [f(p[:k]) - p[k + i] for i, f in enumerate(averages)])
    a, psi = slope(rows, full), rows(full)
    if clusters is not None:
        psi = pd.DataFrame(psi).groupby(np.asarray(clusters)).sum().values
    g = len(psi)
    v = np.linalg.inv(a) @ (psi.T @ psi) @ np.linalg.inv(a).T * g / (g - 1)
    return means, np.sqrt(np.diag(v))[k:]


def numbers(found):
    return {k: v for j, (b, e) in enumerate(zip(*found), 1) for k, v in ((f'b[1,{j}]', b), (f'sqrt(V[{j},{j}])', e))}


# several outcomes: race by multinomial logit, visits to the doctor in three classes by ordered models
z = np.column_stack([L.age, L.smoke, one]).astype(float)
race = L.race.values.astype(int)


def shares(t, z):
    e = np.exp(np.column_stack([np.zeros(len(z)), z @ t[:3], z @ t[3:]]))
    return e / e.sum(1, keepdims=True)


def multinomial(t):
    p = shares(t, z)
    return np.column_stack([((race == c + 1) - p[:, c])[:, None] * z for c in (1, 2)])


begin = np.zeros(6)
multi = lambda zz: [(lambda t, c=c: shares(t, zz)[:, c]) for c in range(3)]
fit = 'mlogit race age smoke, vce(%s) baseoutcome(1)\n'
add('margins unconditional mlogit', m, fit % 'robust' + 'margins, vce(unconditional)' + mt, numbers(stacked(multinomial, begin, multi(z))))
one_smoker = setc(z, 1, 1)
add('margins unconditional mlogit at', m, fit % 'cluster ftv' + 'margins, at(smoke=1) vce(unconditional)' + mt, numbers(stacked(multinomial, begin, multi(one_smoker), L.ftv.values)))
slope_age = lambda t: (lambda p: p[:, 1] * (t[0] - p[:, 1] * t[0] - p[:, 2] * t[3]))(shares(t, z))
add('margins unconditional mlogit dydx', m, fit % 'robust' + 'margins, dydx(age) predict(outcome(2)) vce(unconditional)' + mt, numbers(stacked(multinomial, begin, [slope_age])))
seen = np.minimum(L.ftv.values, 2)
for command, F in (('ologit', L1), ('oprobit', norm.cdf)):
    def classes(t, zz, F=F):
        cuts = np.column_stack([F(t[2] - zz[:, :2] @ t[:2]), F(t[3] - zz[:, :2] @ t[:2])])
        return np.column_stack([cuts[:, 0], cuts[:, 1] - cuts[:, 0], 1 - cuts[:, 1]])

    def ordered(t):
        rows = []
        for j in range(4):
            up, down = t.copy(), t.copy()
            up[j] += 1e-4
            down[j] -= 1e-4
            far_up, far_down = t.copy(), t.copy()
            far_up[j] += 2e-4
            far_down[j] -= 2e-4
            ll = lambda q: np.log(classes(q, z)[np.arange(len(z)), seen])
            rows.append((8 * (ll(up) - ll(down)) - (ll(far_up) - ll(far_down))) / 12e-4)
        return np.column_stack(rows)

    start = np.array([0, 0, -0.1, 0.8]) if command == 'oprobit' else np.array([0, 0, 0.1, 1.3])
    averages = [(lambda t, c=c, classes=classes: classes(t, z)[:, c]) for c in range(3)]
    make = 'generate seen = min(ftv, 2)\n' + command + ' seen age smoke, vce(%s)\n'
    add(f'margins unconditional {command}', m, make % 'robust' + 'margins, vce(unconditional)' + mt, numbers(stacked(ordered, start, averages)), 2e-6)
    add(f'margins unconditional {command} cluster', m, make % 'cluster race' + 'margins, predict(outcome(2)) vce(unconditional)' + mt, numbers(stacked(ordered, start, averages[2:], race)), 2e-6)


def surveyed(score, theta, f, strata, units, rate=0.0):
    """A weighted model and one weighted average; units within strata are centred, finite populations reduce the variance."""
    def slope(g, p):
        out = []
        for j in range(len(p)):
            h = 1e-5 * max(1, abs(p[j]))
            up, down = p.copy(), p.copy()
            up[j] += h
            down[j] -= h
            out.append((g(up).sum(0) - g(down).sum(0)) / (2 * h))
        return np.array(out).T
    for _ in range(30):
        theta = theta - np.linalg.solve(slope(score, theta), score(theta).sum(0))
    k = len(theta)
    w, value = f(theta)
    full = np.r_[theta, (w * value).sum() / w.sum()]
    rows = lambda p: np.column_stack([score(p[:k]), w * (f(p[:k])[1] - p[k])])
    a = np.linalg.inv(slope(rows, full))
    totals = pd.DataFrame(rows(full)).groupby([np.asarray(strata), np.asarray(units)]).sum()
    rate = pd.Series(rate, index=sorted(set(strata)))
    meat = 0
    for h, u in totals.groupby(level=0):
        z = (u - u.mean()).to_numpy()
        meat = meat + (1 - rate[h]) * len(u) / (len(u) - 1) * z.T @ z
    v = a @ meat @ a.T
    return {'b[1,1]': full[k], 'sqrt(V[1,1])': v[k, k] ** 0.5}


src3 = 'Python: weighted estimating equations of the model and the average, totals of units centred within strata'
C, S = (pd.read_csv(ROOT / f'data/school{n}.csv') for n in ('clus', 'strat'))
x = np.column_stack([C.ell, C.meals, np.ones(len(C))]).astype(float)
high = C.meals.to_numpy() * 0 + 50.0
at50 = np.column_stack([C.ell, high, np.ones(len(C))]).astype(float)
logit_score = lambda t: (C.pw.to_numpy() * (C.aw.to_numpy() - L1(x @ t)))[:, None] * x
design = 'svyset dnum [pweight=pw], strata(half)\n'
model = design + 'svy: logit aw ell meals\n'
add('margins unconditional svy logit', 'schoolclus.csv', model + 'margins, vce(unconditional)' + mt, surveyed(logit_score, np.zeros(3), lambda t: (C.pw.to_numpy(), L1(x @ t)), C.half, C.dnum), 1e-6, src3)
add('margins unconditional svy at', 'schoolclus.csv', model + 'margins, at(meals=50) vce(unconditional)' + mt, surveyed(logit_score, np.zeros(3), lambda t: (C.pw.to_numpy(), L1(at50 @ t)), C.half, C.dnum), 1e-6, src3)
effect = lambda t: (C.pw.to_numpy(), (lambda p: p * (1 - p) * t[0])(L1(x @ t)))
add('margins unconditional svy dydx', 'schoolclus.csv', model + 'margins, dydx(ell) vce(unconditional)' + mt, surveyed(logit_score, np.zeros(3), effect, C.half, C.dnum), 1e-6, src3)
q = np.column_stack([S.ell, S.meals, np.ones(len(S))]).astype(float)
own = S.pw.to_numpy()
straight = lambda t: (own * (S.api00.to_numpy() - q @ t))[:, None] * q
rates = S.groupby('st').size() / S.groupby('st').fpc.first()
add('margins unconditional svy regress, finite populations', 'schoolstrat.csv', 'svyset [pweight=pw], strata(st) fpc(fpc)\nsvy: regress api00 ell meals\nmargins, vce(unconditional)' + mt, surveyed(straight, np.zeros(3), lambda t: (own, q @ t), S.st, S.index, rates), 1e-6, src3)
add('margins unconditional svy, the mean', 'schoolstrat.csv', 'svyset [pweight=pw], strata(st) fpc(fpc)\nsvy: mean api00\nscalar want = _se[api00]\nsvy: regress api00 ell meals\nmargins, vce(unconditional)' + mt, {'sqrt(V[1,1])/want': 1}, 1e-9, 'property: the average of linear predictions is the mean')
cases.write()
