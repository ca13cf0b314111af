"""What PyTorch prints as grad_fn of each operation: writes node_names.h, a line for each.

A line below is an operation in C and in Python. x, y and p (between 0 and 1) are float64 [2, 3], c [1, 3], s [3, 3], s4 [2, 4],
b [2, 3, 3], v [3], one [1]; i are indices, m is a mask, m01 the same in numbers."""
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch
import torch.nn.functional as F

LINES = """
tp_add(x, y) | x + y
tp_add(x, 1.5) | x + 1.5
tp_sub(x, y) | x - y
tp_rsub(x, 2) | 2 - x
tp_mul(x, y) | x * y
tp_div(x, y) | x / y
tp_rdiv(x, 2) | 2 / x
tp_pow(x, 2.5) | x ** 2.5
tp_pow(p, y) | p ** y
tp_rpow(x, 2.5) | 2.5 ** x
tp_square(x) | x.square()
tp_neg(x) | -x
tp_clamp(x, 0, 1) | x.clamp(0, 1)
tp_clamp(x, 0, INFINITY) | x.clamp(min=0)
tp_clamp(x, -INFINITY, 1) | x.clamp(max=1)
tp_nan_to_num(x) | x.nan_to_num()
tp_hardtanh(x) | F.hardtanh(x)
tp_leaky_relu(x) | F.leaky_relu(x)
tp_elu(x) | F.elu(x)
tp_celu(x) | F.celu(x)
tp_softplus(x) | F.softplus(x)
tp_softshrink(x) | F.softshrink(x)
tp_hardshrink(x) | F.hardshrink(x)
tp_threshold(x, .threshold = 0.1, .value = 2) | F.threshold(x, 0.1, 2)
tp_logsigmoid(x) | F.logsigmoid(x)
tp_relu6(x) | F.relu6(x)
tp_selu(x) | F.selu(x)
tp_gelu(x) | F.gelu(x)
tp_gelu_tanh(x) | F.gelu(x, approximate='tanh')
tp_silu(x) | F.silu(x)
tp_mish(x) | F.mish(x)
tp_softsign(x) | F.softsign(x)
tp_hardswish(x) | F.hardswish(x)
tp_hardsigmoid(x) | F.hardsigmoid(x)
tp_tanhshrink(x) | F.tanhshrink(x)
tp_prelu(x, one) | F.prelu(x, one)
tp_rrelu(x, 0.1, 0.3, true, NULL) | F.rrelu(x, 0.1, 0.3, True)
tp_rrelu(x, 0.1, 0.3, false, NULL) | F.rrelu(x, 0.1, 0.3, False)
tp_glu(s4, 1) | F.glu(s4, 1)
tp_maximum(x, y) | torch.maximum(x, y)
tp_minimum(x, y) | torch.minimum(x, y)
tp_fmax(x, y) | torch.fmax(x, y)
tp_fmin(x, y) | torch.fmin(x, y)
tp_remainder(x, y) | torch.remainder(x, y)
tp_remainder(x, 2) | torch.remainder(x, 2)
tp_fmod(x, y) | torch.fmod(x, y)
tp_fmod(x, 2) | torch.fmod(x, 2)
tp_atan2(x, y) | torch.atan2(x, y)
tp_hypot(x, y) | torch.hypot(x, y)
tp_copysign(x, y) | torch.copysign(x, y)
tp_copysign(x, 2) | torch.copysign(x, 2)
tp_xlogy(x, p) | torch.xlogy(x, p)
tp_xlogy(x, 2) | torch.xlogy(x, 2)
tp_logaddexp(x, y) | torch.logaddexp(x, y)
tp_logaddexp2(x, y) | torch.logaddexp2(x, y)
tp_lerp(x, y, p) | torch.lerp(x, y, p)
tp_lerp(x, y, 0.3) | torch.lerp(x, y, 0.3)
tp_addcmul(x, y, p) | torch.addcmul(x, y, p)
tp_addcdiv(x, y, p) | torch.addcdiv(x, y, p)
tp_reshape(x, 3, 2) | x.reshape(3, 2)
tp_view(x, 6) | x.view(6)
tp_flatten(x, 0, -1) | x.flatten()
tp_reshape(tp_t(x), 6) | x.t().reshape(6)
tp_transpose(x, 0, 1) | x.transpose(0, 1)
tp_t(x) | x.t()
tp_permute(b, 2, 0, 1) | b.permute(2, 0, 1)
tp_squeeze(c, 0) | c.squeeze(0)
tp_squeeze_all(c) | c.squeeze()
tp_squeeze_n(c, 1, (int[]){0}) | c.squeeze((0,))
tp_unsqueeze(x, 0) | x.unsqueeze(0)
tp_expand(c, 4, 3) | c.expand(4, 3)
tp_expand_as(c, x) | c.expand_as(x)
tp_narrow(x, 1, 0, 2) | x.narrow(1, 0, 2)
tp_slice(x, 1, 0, 3, 2) | x[:, 0:3:2]
tp_select(x, 0, 1) | x.select(0, 1)
tp_clone(x) | x.clone()
tp_contiguous(tp_t(x)) | x.t().contiguous()
tp_to(x, TP_F32) | x.to(torch.float32)
tp_cat((tp_tensor *[]){x, y}, 2, 0) | torch.cat([x, y])
tp_stack((tp_tensor *[]){x, y}, 2, 0) | torch.stack([x, y])
tp_hstack((tp_tensor *[]){x, y}, 2) | torch.hstack([x, y])
tp_vstack((tp_tensor *[]){x, y}, 2) | torch.vstack([x, y])
tp_where(m, x, y) | torch.where(m, x, y)
tp_masked_fill(x, m, 2) | x.masked_fill(m, 2)
tp_matmul(x, s) | x @ s
tp_mm(x, s) | x.mm(s)
tp_matmul(x, v) | x @ v
tp_mv(x, v) | x.mv(v)
tp_matmul(v, s) | v @ s
tp_matmul(v, v) | v @ v
tp_dot(v, v) | v.dot(v)
tp_bmm(b, b) | b.bmm(b)
tp_matmul(b, b) | b @ b
tp_matmul(b, s) | b @ s
tp_matmul(b, v) | b @ v
tp_matmul(v, b) | v @ b
tp_f_linear(x, s, NULL) | F.linear(x, s)
tp_f_linear(x, s, v) | F.linear(x, s, v)
tp_f_linear(v, s, NULL) | F.linear(v, s)
tp_f_linear(v, s, v) | F.linear(v, s, v)
tp_f_linear(b, s, NULL) | F.linear(b, s)
tp_f_linear(b, s, v) | F.linear(b, s, v)
tp_outer(v, v) | torch.outer(v, v)
tp_inner(v, v) | torch.inner(v, v)
tp_addmm(v, x, s) | torch.addmm(v, x, s)
tp_addmv(v, s, v) | torch.addmv(v, s, v)
tp_baddbmm(b, b, b) | torch.baddbmm(b, b, b)
tp_addbmm(s, b, b) | torch.addbmm(s, b, b)
tp_sum(x) | x.sum()
tp_sum_dim(x, 1, false) | x.sum(1)
tp_mean(x) | x.mean()
tp_mean_dim(x, 1, false) | x.mean(1)
tp_prod(x) | x.prod()
tp_prod_dim(x, 1, false) | x.prod(1)
tp_nansum(x) | x.nansum()
tp_nansum_dim(x, 1, false) | x.nansum(1)
tp_nanmean(x) | x.nanmean()
tp_var(x) | x.var()
tp_std(x) | x.std()
tp_var_dim(x, 1, 1, false) | x.var(1)
tp_var_mean_n(x, 0, NULL, 1, false, &other) | torch.var_mean(x)[0]
other_of(tp_var_mean_n(x, 0, NULL, 1, false, &other)) | torch.var_mean(x)[1]
tp_std_mean_n(x, 0, NULL, 1, false, &other) | torch.std_mean(x)[0]
other_of(tp_std_mean_n(x, 0, NULL, 1, false, &other)) | torch.std_mean(x)[1]
tp_norm(x) | torch.linalg.vector_norm(x)
tp_norm_dim(x, 3, 1, false) | torch.linalg.vector_norm(x, 3, 1)
tp_max(x) | x.max()
tp_min(x) | x.min()
tp_max_dim(x, 1, false, NULL) | x.max(1)[0]
tp_min_dim(x, 1, false, NULL) | x.min(1)[0]
tp_amax(x) | x.amax()
tp_amin_dim(x, 1, false) | x.amin(1)
tp_aminmax(x, &other) | x.aminmax()[0]
other_of(tp_aminmax(x, &other)) | x.aminmax()[1]
tp_softmax(x, 1) | x.softmax(1)
tp_log_softmax(x, 1) | x.log_softmax(1)
tp_softmin(x, 1) | F.softmin(x, 1)
tp_logsumexp_dim(x, 1, false) | x.logsumexp(1)
tp_cumsum(x, 1) | x.cumsum(1)
tp_cumprod(x, 1) | x.cumprod(1)
tp_logcumsumexp(x, 1) | x.logcumsumexp(1)
tp_cummax(x, 1, NULL) | x.cummax(1)[0]
tp_cummin(x, 1, NULL) | x.cummin(1)[0]
tp_diff(x, 1) | x.diff(dim=1)
tp_sort(x, 1, false, NULL) | x.sort(1)[0]
tp_topk(x, 2, 1, true, NULL) | x.topk(2, 1)[0]
tp_kthvalue(x, 2, 1, false, NULL) | x.kthvalue(2, 1)[0]
tp_median(x) | x.median()
tp_median_dim(x, 1, false, NULL) | x.median(1)[0]
tp_nanmedian(x) | x.nanmedian()
tp_nanmedian_dim(x, 1, false, NULL) | x.nanmedian(1)[0]
tp_mode(x, 1, false, NULL) | x.mode(1)[0]
tp_repeat(x, 2, 1) | x.repeat(2, 1)
tp_tile(x, 2, 1) | x.tile(2, 1)
tp_repeat_interleave(x, 2, 1) | x.repeat_interleave(2, 1)
tp_repeat_interleave_by(x, tp_from_text(TP_I64, "[1, 2]"), 0) | x.repeat_interleave(torch.tensor([1, 2]), 0)
tp_flip_n(x, 1, (int[]){1}) | x.flip(1)
tp_roll(x, 1, 1) | x.roll(1, 1)
tp_rot90(x, 1, 0, 1) | x.rot90(1, (0, 1))
tp_pad(x, TP_SHAPE(1, 1)) | F.pad(x, (1, 1))
tp_pad(b, TP_SHAPE(1, 1), .mode = TP_PAD_REFLECT) | F.pad(b, (1, 1), mode='reflect')
tp_pad(b, TP_SHAPE(1, 1), .mode = TP_PAD_REPLICATE) | F.pad(b, (1, 1), mode='replicate')
tp_movedim(x, 0, 1) | x.movedim(0, 1)
tp_swapaxes(x, 0, 1) | x.swapaxes(0, 1)
tp_unflatten(x, 1, 3, 1) | x.unflatten(1, (3, 1))
tp_unfold(x, 1, 2, 1) | x.unfold(1, 2, 1)
tp_diagonal(x, 0, 0, 1) | x.diagonal()
tp_diag_embed(x, 0, -2, -1) | x.diag_embed()
tp_diag(s, 0) | s.diag()
tp_diag(v, 0) | v.diag()
tp_trace(s) | s.trace()
tp_tril(x, 0) | x.tril()
tp_triu(x, 0) | x.triu()
tp_index(x, 1, &i) | x[i]
tp_index_put(x, 1, &i, y, false) | x.index_put((i,), y)
tp_index_put(x, 1, &i, y, true) | x.index_put((i,), y, accumulate=True)
tp_take(x, i) | x.take(i)
tp_put(x, i, tp_narrow(v, 0, 0, 2), false) | x.put(i, v[:2])
tp_index_select(x, 0, i) | x.index_select(0, i)
tp_index_add(x, 0, i, y, 1) | x.index_add(0, i, y)
tp_index_copy(x, 0, i, y) | x.index_copy(0, i, y)
tp_index_fill(x, 0, i, 1) | x.index_fill(0, i, 1)
tp_gather(v, 0, i) | v.gather(0, i)
tp_scatter(v, 0, i, v) | v.scatter(0, i, v)
tp_scatter_value(v, 0, i, 1) | v.scatter(0, i, 1)
tp_scatter_add(v, 0, i, v) | v.scatter_add(0, i, v)
tp_scatter_reduce(v, 0, i, v, TP_SCATTER_SUM, true) | v.scatter_reduce(0, i, v, 'sum')
tp_take_along_dim(v, i, 0) | torch.take_along_dim(v, i, 0)
tp_masked_select(x, m) | x.masked_select(m)
tp_masked_scatter(x, m, y) | x.masked_scatter(m, y)
tp_f_embedding(i, x, TP_NO_PADDING) | F.embedding(i, x)
tp_f_embedding_bag(i, x, .offsets = tp_zeros(TP_I64, 1)) | F.embedding_bag(i, x, torch.tensor([0]), mode='sum')
tp_f_layer_norm(x, 1, (int64_t[]){3}, NULL, NULL, 1e-5) | F.layer_norm(x, (3,))
tp_f_rms_norm(x, 1, (int64_t[]){3}, v, 1e-5) | F.rms_norm(x, (3,), v, 1e-5)
tp_f_group_norm(x, 1, NULL, NULL, 1e-5) | F.group_norm(x, 1)
tp_f_batch_norm(x, .training = true) | F.batch_norm(x, None, None, training=True)
tp_binary_cross_entropy(p, m01) | F.binary_cross_entropy(p, m01)
tp_binary_cross_entropy_with_logits(x, m01) | F.binary_cross_entropy_with_logits(x, m01)
tp_mse_loss(x, y) | F.mse_loss(x, y)
tp_cross_entropy(x, i) | F.cross_entropy(x, i)
tp_cross_entropy(x, m01) | F.cross_entropy(x, m01)
tp_nll_loss(x, i) | F.nll_loss(x, i)
tp_l1_loss(x, y) | F.l1_loss(x, y)
tp_smooth_l1_loss(x, y) | F.smooth_l1_loss(x, y)
tp_huber_loss(x, y) | F.huber_loss(x, y)
tp_kl_div(x, p) | F.kl_div(x, p)
tp_cdist(x, y, 2) | torch.cdist(x, y)
tp_f_dropout(x, 0.5, true, NULL) | F.dropout(x, 0.5)
tp_quantile(x, 0.3) | x.quantile(0.3)
tp_einsum("ij,kj->ik", x, y) | torch.einsum('ij,kj->ik', x, y)
tp_normalize(x) | F.normalize(x)
tp_cosine_similarity(x, y) | F.cosine_similarity(x, y)
tp_pairwise_distance(x, y) | F.pairwise_distance(x, y)
"""
UNARY = """abs sign relu floor ceil round trunc frac exp exp2 expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin
acos atan sinh cosh tanh asinh acosh atanh erf erfc erfinv sigmoid""".split()


def main():
    D = torch.float64
    names = {"x": torch.rand(2, 3, dtype=D), "y": torch.rand(2, 3, dtype=D), "p": torch.rand(2, 3, dtype=D),
             "c": torch.rand(1, 3, dtype=D), "s": torch.rand(3, 3, dtype=D), "s4": torch.rand(2, 4, dtype=D),
             "b": torch.rand(2, 3, 3, dtype=D), "v": torch.rand(3, dtype=D), "one": torch.rand(1, dtype=D)}
    for t in names.values():
        t.requires_grad_()
    names.update(i=torch.tensor([0, 1]), m=torch.tensor([[True, False, True]] * 2), m01=torch.tensor([[1, 0, 1]] * 2, dtype=D))
    lines = [(f"tp_{n}(p)", f"p.{n}()") for n in UNARY] + [("tp_acosh(tp_add(p, 1))", "(p + 1).acosh()")]
    for line in LINES.strip().split("\n"):
        c, python = line.split(" | ")
        lines.append((c, python))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_names.h"), "w") as out:
        out.write("/* Written by node_names.py with PyTorch " + torch.__version__.split("+")[0] + ": see there. */\n")
        out.write("/* clang-format off */\n")
        for c, python in lines:
            result = eval(python, {"torch": torch, "F": F}, names)
            out.write(f"NAMED({result.grad_fn.name()}, {c})\n")
    print(len(lines), "names")


main()
