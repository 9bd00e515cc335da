import time
from tests.dashboards.test_math_walk import *  # noqa
from tests.dashboards import test_math_walk as w

def test_probe(walked):
    walk = Walk(walked, "admin")
    t0=time.time()
    n=0
    for address in pages(walked):
        t=time.time(); f0=len(walk.known); g0=walk.figures
        walk.page(address)
        print(f"{time.time()-t:.2f} {len(walk.known)-f0} {walk.figures-g0} {address}", flush=True)
        n+=1
        if time.time()-t0>60: break
    slow=sorted(((v,k) for k,v in TIMES.items()), reverse=True)[:12]
    for s in slow: print(s)
    for f in walk.faults: print(f)
TIMES={}
orig=Client.get
def get(self, path, *a, **k):
    t=time.time(); r=orig(self, path,*a,**k); TIMES[path]=time.time()-t; return r
Client.get=get
del test_every_figure_leads_to_its_math
