"""Products, einsum and distances: writes linalg.pack."""
from index_cases import Cases, D, F, I64, Input, torch

c = Cases()
nn = torch.nn.functional
inf = float("inf")


def forms(dtype, *shapes, low=-1, high=1):
    yield [Input(s, dtype, low, high) for s in shapes]
    if any(len(s) > 1 for s in shapes):
        yield [Input(tuple(reversed(s)), dtype, low, high, perm=tuple(reversed(range(len(s))))) for s in shapes]


EQUATIONS = {
    "ij,jk->ik": ((2, 3), (3, 4)), "ij,jk": ((2, 3), (3, 4)), "ij,kj->ik": ((2, 3), (4, 3)), "ij,jk->ki": ((2, 3), (3, 4)),
    "ij->ji": ((2, 3),), "ij->": ((2, 3),), "ij->i": ((2, 3),), "ij->j": ((2, 3),), "ii->": ((3, 3),), "ii->i": ((3, 3),),
    "ii": ((3, 3),), "iij->ij": ((2, 2, 3),), "iij->j": ((2, 2, 3),), "iji->j": ((2, 3, 2),), "iii->i": ((2, 2, 2),), "ji": ((2, 3),),
    "ba": ((2, 3),), "bA": ((2, 3),), "zYx": ((2, 3, 2),), "i,i->": ((4,), (4,)), "i,i->i": ((4,), (4,)), "i,i": ((4,), (4,)),
    "i,j->ij": ((2,), (3,)), "i,j->ji": ((2,), (3,)), "i,j": ((2,), (3,)), "i,j->": ((2,), (3,)), "i,j->i": ((2,), (3,)),
    "ij,ij->ij": ((2, 3), (2, 3)), "ij,ij->": ((2, 3), (2, 3)), "ij,ij->i": ((2, 3), (2, 3)), "ij,ij->j": ((2, 3), (2, 3)),
    "ij,ji->": ((2, 3), (3, 2)), "ij,ji->i": ((2, 3), (3, 2)), "ij,ji->ij": ((2, 3), (3, 2)), "ij,j->i": ((2, 3), (3,)),
    "ij,j->ij": ((2, 3), (3,)), "ij,i->j": ((2, 3), (2,)), "ij,kl->ijkl": ((2, 3), (2, 2)), "ij,kl->ilkj": ((2, 3), (2, 2)),
    "bij,bjk->bik": ((2, 2, 3), (2, 3, 2)), "bij,bkj->bik": ((2, 2, 3), (2, 4, 3)), "bij,bjk->ik": ((2, 2, 3), (2, 3, 2)),
    "bij,jk->bik": ((2, 2, 3), (3, 2)), "bij,bj->bi": ((2, 2, 3), (2, 3)), "bij,bj->ib": ((2, 2, 3), (2, 3)),
    "bij,bij->b": ((2, 2, 3), (2, 2, 3)), "bij,cij->bc": ((2, 2, 3), (3, 2, 3)), "bhid,bhjd->bhij": ((1, 2, 3, 2), (1, 2, 2, 2)),
    "bhij,bhjd->bhid": ((1, 2, 3, 2), (1, 2, 2, 3)), "abcd->dcba": ((2, 1, 3, 2),), "abcd->ca": ((2, 1, 3, 2),),
    "ijk,ilj->kl": ((2, 3, 2), (2, 2, 3)), "ijk,jil->kl": ((2, 3, 2), (3, 2, 4)), "ij,jk,kl->il": ((2, 3), (3, 2), (2, 4)),
    "ij,jk,kl": ((2, 3), (3, 2), (2, 4)), "ij,jk,ki->": ((2, 3), (3, 2), (2, 2)), "i,ij,j->": ((2,), (2, 3), (3,)),
    "bn,anm,bm->ba": ((2, 3), (4, 3, 2), (2, 2)), "ab,bc,cd,de->ae": ((2, 2), (2, 3), (3, 2), (2, 2)),
    "i,j,k->ijk": ((2,), (3,), (2,)), "i,i,i->i": ((3,), (3,), (3,)), "a,a,a->": ((3,), (3,), (3,)), "ij,ik,il->jkl": ((2, 2), (2, 3), (2, 2)),
    "...": ((2, 3),), "...->": ((2, 3),), "...->...": ((2, 3),), "...ij->...ji": ((2, 3, 2),), "i...->...i": ((2, 3, 2),),
    "i...->i...": ((2, 3),), "i...j->ij...": ((2, 3, 2),), "...i->...": ((2, 3),), "...i->i": ((2, 3),), "...ii->...i": ((2, 3, 3),),
    "...ij,...jk->...ik": ((2, 2, 3), (2, 3, 2)), "...ij,jk->...ik": ((2, 2, 3), (3, 2)), "...ij,...jk": ((2, 2, 3), (3, 2)),
    "...ij,...jk->ik...": ((3, 1, 2, 3), (2, 3, 2)), "...,...->...": ((2, 3), (3,)), "...,...": ((2, 1), (3,)),
    "...i,...i->...": ((2, 3), (3,)), "...i,j->...ij": ((2, 3), (2,)), "i...,i...->...": ((2, 3), (2, 3)), "...,i->i...": ((2,), (3,)),
    "a...b,b...c->a...c": ((2, 3, 2), (2, 3, 3)), "...,->...": ((2,), ()), "...->...": ((),), ",->": ((), ()), ",ij->ij": ((), (2, 3)),
    "->": ((),), "ij,->ji": ((2, 3), ()), "ij,jk->ik ": ((2, 3), (3, 4)), " i j , j k -> i k ": ((2, 3), (3, 4)),
    "Ij,jK->IK": ((2, 3), (3, 4)), "aB,Bc->ca": ((2, 3), (3, 2)), "zA->Az": ((2, 3),), "ij,ij->ji": ((1, 3), (2, 3)), "ij,jk->ik  ": ((2, 1), (3, 4)),
    "ij,jk->i": ((2, 3), (1, 4)), "i,i-> ": ((1,), (3,)), "ij,ij->i ": ((2, 1), (2, 3)), "ijk,k->ij": ((2, 1, 3), (1,)), "ij,jk->k": ((2, 3), (3, 4)),
    "ij,jk->": ((2, 3), (3, 4)), "ij,kl->": ((2, 3), (2, 2)), "ij,kl->il": ((2, 3), (2, 2)), "ijj->i": ((2, 3, 3),), "ijij->ij": ((2, 3, 2, 3),),
    "ijij->": ((2, 3, 2, 3),), "iijj->ij": ((2, 2, 3, 3),), "ii,ij->j": ((2, 2), (2, 3)), "ii,jj->ij": ((2, 2), (3, 3)), "aab,abb->ab": ((2, 2, 3), (2, 3, 3)),
    "ij,jk->ik   ": ((0, 3), (3, 4)), "ij,jk-> ik": ((2, 0), (0, 4)), "ij->i ": ((2, 0),), "i,j->ij ": ((0,), (2,)), "bij,bjk->bik ": ((0, 2, 3), (0, 3, 2)),
    "abc,cd,def->abef": ((2, 1, 2), (2, 3), (3, 2, 2)), "abcde->edcba": ((2, 1, 2, 1, 2),), "nlhd,nshd->nhls": ((1, 2, 2, 3), (1, 3, 2, 3)),
}
for dtype in (F, D, I64):
    for equation, shapes in EQUATIONS.items():
        if dtype == I64 and len(shapes) > 2:
            continue
        for k, i in enumerate(forms(dtype, *shapes, low=-4 if dtype == I64 else -1, high=5 if dtype == I64 else 1)):
            if k == 0 or dtype == D:
                c.add("einsum", lambda *t: torch.einsum(equation, *t), i, text=equation.replace("\n", ""))

for dtype in (F, D):
    for name, function, cases in (
            ("mm", torch.mm, (((2, 3), (3, 4)), ((1, 5), (5, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)))),
            ("bmm", torch.bmm, (((2, 2, 3), (2, 3, 4)), ((0, 2, 3), (0, 3, 2)), ((1, 1, 2), (1, 2, 1)))),
            ("mv", torch.mv, (((2, 3), (3,)), ((3, 0), (0,)), ((1, 4), (4,)))),
            ("dot", torch.dot, (((5,), (5,)), ((0,), (0,)))), ("vdot", torch.vdot, (((4,), (4,)),)),
            ("outer", torch.outer, (((2,), (3,)), ((0,), (2,)))),
            ("inner", torch.inner, (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((), (2, 3)), ((2, 2, 3), (3,)))),
            ("kron", torch.kron, (((2, 3), (2, 2)), ((2,), (3,)), ((2, 2), (3,)), ((3,), (2, 1, 2)), ((), (2,)), ((2, 0), (1, 2)))),
            ("matmul", torch.matmul, (((2, 3), (3,)), ((3,), (3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)))),
            ("multi_dot", lambda *t: torch.linalg.multi_dot(t), (((2, 3), (3, 4)), ((2, 3), (3, 2), (2, 5)), ((3,), (3, 4), (4, 2), (2,)),
                                                              ((4, 2), (2, 6), (6, 1), (1, 5)))),
            ("bilinear", nn.bilinear, (((4, 2), (4, 3), (5, 2, 3), (5,)), ((2,), (3,), (2, 2, 3)), ((2, 3, 2), (2, 3, 2), (1, 2, 2), (1,))))):
        for shapes in cases:
            for k, i in enumerate(forms(dtype, *shapes)):
                if k == 0 or name not in ("bilinear", "kron"):  # PyTorch's fail for some strides
                    c.add(name, function, i)
    for shapes, dims in ((((2, 3), (3, 2)), 1), (((2, 3, 2), (3, 2, 4)), 2), (((2,), (3,)), 0), (((2, 3), (2, 3)), 2)):
        for i in forms(dtype, *shapes):
            c.add("tensordot", lambda a, b: torch.tensordot(a, b, dims), i, [dims])
    for shapes, da, db in ((((2, 3, 4), (4, 2, 3)), (2, 0), (0, 1)), (((2, 3), (3, 2)), (-1,), (0,)), (((3, 2, 2), (2, 3)), (0,), (1,)), (((2,), (2,)), (), ())):
        for i in forms(dtype, *shapes):
            c.add("tensordot_n", lambda a, b: torch.tensordot(a, b, (list(da), list(db))), i, da + db)
    for shapes, dim in ((((2, 3), (2, 3)), 1), (((3, 4), (3, 1)), 0), (((2, 3, 2), (2, 3, 2)), -2), (((3,), (3,)), 0), (((0, 3), (0, 3)), -1)):
        for i in forms(dtype, *shapes):
            c.add("cross", lambda a, b: torch.linalg.cross(a, b, dim=dim), i, [dim])
    for beta, alpha in ((1, 1), (0.5, -2), (0, 1), (1, 0)):
        for name, function, cases in (("addmm", torch.addmm, (((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((2, 1), (2, 3), (3, 4)), ((2, 2), (2, 0), (0, 2)))),
                                      ("addmv", torch.addmv, (((2,), (2, 3), (3,)), ((1,), (2, 3), (3,)))),
                                      ("baddbmm", torch.baddbmm, (((2, 2, 4), (2, 2, 3), (2, 3, 4)), ((4,), (2, 2, 3), (2, 3, 4)))),
                                      ("addbmm", torch.addbmm, (((2, 4), (2, 2, 3), (2, 3, 4)), ((1, 4), (3, 2, 3), (3, 3, 4))))):
            for shapes in cases:
                for i in forms(dtype, *shapes):
                    c.add(name, lambda t, a, b: function(t, a, b, beta=beta, alpha=alpha), i, [beta, alpha])
    for shape, n in (((2, 2), 0), ((3, 3), 1), ((2, 2), 2), ((3, 3), 3), ((2, 2, 2), 5), ((2, 2), 8), ((0, 0), 2)):
        for i in forms(dtype, shape):
            c.add("matrix_power", lambda t: t.matrix_power(n), i, [n])
    for shapes in (((3, 4), (2, 4)), ((1, 9), (5, 9)), ((2, 3, 2), (2, 2, 2)), ((2, 1, 3, 2), (3, 2, 2)), ((0, 2), (3, 2)), ((3, 0), (2, 0)), ((3, 1), (3, 1)), ((2, 17), (2, 17))):
        for p in (2, 1, inf, 3, 1.5, 0):
            for i in forms(dtype, *shapes):
                if 0 in shapes[0] + shapes[1] and dtype == D:
                    c.add("cdist", lambda a, b: torch.cdist(a, b, p), i, [p], second=False)
                elif dtype == D and p != 0:
                    c.add("cdist", lambda a, b: torch.linalg.vector_norm(a.unsqueeze(-2) - b.unsqueeze(-3), p, -1), i, [p],
                          second=shapes[0][-1] > 1)  # in one dimension it is rounding alone
                else:
                    c.add("cdist", lambda a, b: torch.cdist(a, b, p), i, [p], second=False)
    same = Input((3, 2), dtype, values=[1, 2, 3, 4, 1, 2])
    for p in (2, 1, inf, 3):
        c.add("cdist", lambda a, b: torch.cdist(a, b, p), [same, same], [p], second=False)
    for shape, p, dim in (((2, 3), 2, 1), ((2, 3), 1, 0), ((4,), 2, 0), ((2, 3, 2), 3, -2), ((2, 5), inf, 1), ((2, 3), 2, -1), ((0, 3), 2, 1)):
        for i in forms(dtype, shape):
            c.add("normalize", lambda t: nn.normalize(t, p, dim), i, [p, dim, 1e-12])
    c.add("normalize", lambda t: nn.normalize(t), [Input((2, 2), dtype, values=[0, 0, 3, 4])], [2, 1, 1e-12], second=False)
    for shapes, dim in ((((2, 3), (2, 3)), 1), (((2, 3), (3,)), -1), (((4, 2), (4, 2)), 0), (((2, 3, 2), (2, 1, 2)), 2), (((5,), (5,)), 0)):
        for i in forms(dtype, *shapes):
            c.add("cosine_similarity", lambda a, b: nn.cosine_similarity(a, b, dim), i, [dim, 1e-8])
    c.add("cosine_similarity", lambda a, b: nn.cosine_similarity(a, b, 1),
          [Input((2, 2), dtype, values=[0, 0, 3, 4]), Input((2, 2), dtype, values=[1, 2, -1, 0.5])], [1, 1e-8], second=False)
    for shapes in (((2, 3), (2, 3)), ((4, 2), (2,)), ((5,), (5,))):
        for p in (2, 1, inf, 3):
            for keep in (0, 1):
                for i in forms(dtype, *shapes):
                    c.add("pairwise_distance", lambda a, b: nn.pairwise_distance(a, b, p, keepdim=bool(keep)), i, [p, 1e-6, keep])

for dtype in (F, D):
    # One element against several.
    for shapes, da, db in ((((2, 3, 1), (3, 2, 4)), (1, 2), (0, 1)), (((2, 3), (1, 2)), (1,), (0,)), (((2, 1, 4), (1, 3, 5)), (2, 1), (0, 1))):
        for i in forms(dtype, *shapes):
            c.add("tensordot_n", lambda a, b: torch.tensordot(a, b, (list(da), list(db))), i, da + db)
c.write("linalg.pack")
