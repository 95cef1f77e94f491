# Numbers of R for make_further.py: Rscript further.R FOLDER, from this folder.
folder <- commandArgs(TRUE)[1]
data <- "../../../crates/dofile/tests/oracles/data/"
library(GPArotation); library(jsonlite)
d<-read.csv(paste0(data, "tests.csv"))
R<-cor(d); e<-eigen(R); L<-e$vectors[,1:3]%*%diag(sqrt(e$values[1:3]))
p<-7;k<-3
one<-function(r,oblique){ f<-unname(tail(r$Table[,2],1)); l<-unclass(r$loadings); v<-colSums(l^2); o<-order(-v); l<-l[,o]
 out<-list(f=f, L=abs(l)); if(oblique){P<-r$Phi[o,o]; out$Phi<-abs(P)}; out}
res<-list(
 quartimax=one(quartimax(L,eps=1e-7,maxit=50000),F),
 oblimin=one(oblimin(L,eps=1e-7,maxit=50000),T),
 oblimin_n=one(oblimin(L,normalize=TRUE,eps=1e-7,maxit=50000),T),
 obliminm=one(oblimin(L,gam=-0.5,eps=1e-7,maxit=50000),T),
 quartimin=one(quartimin(L,eps=1e-7,maxit=50000),T),
 equamax=one(cfT(L,kappa=k/(2*p),eps=1e-7,maxit=50000),F),
 parsimax=one(cfT(L,kappa=(k-1)/(p+k-2),eps=1e-7,maxit=50000),F),
 cfq=one(cfQ(L,kappa=0.3,eps=1e-7,maxit=50000),T))
cat(toJSON(res,digits=15,auto_unbox=TRUE),file=file.path(folder, "rotations.json"))
library(plm)
g<-read.csv(paste0(data, "grunfeld.csv"))
g<-subset(g,!(company<=3 & year<1941) & !(company==7 & year>1945) & !(company==5&year<1950))
m<-plm(invest~mvalue+kstock,data=g,index=c('company','year'),model='random',random.method='swar')
s<-summary(m); v<-sqrt(diag(vcov(m)))
cat(toJSON(list(b=coef(m),se=v,ercomp=unname(s$ercomp$sigma2)),digits=15), file=file.path(folder, "components.json"))
