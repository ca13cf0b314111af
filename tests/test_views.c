/* Views, copies, conversions and choices by a condition against PyTorch. */
#include "index_cases.h"

OPERATION(reshape, tp_reshape_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(view, tp_view_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(flatten, tp_flatten(x[0], (int)a[0], (int)a[1]))
OPERATION(transpose, tp_transpose(x[0], (int)a[0], (int)a[1]))
OPERATION(t, tp_t(x[0]))
OPERATION(permute, tp_permute_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(squeeze_all, tp_squeeze_all(x[0]))
OPERATION(squeeze, tp_squeeze(x[0], (int)a[0]))
OPERATION(unsqueeze, tp_unsqueeze(x[0], (int)a[0]))
OPERATION(expand, tp_expand_n(x[0], c->n_numbers, longs(c, 0)))
OPERATION(narrow, tp_narrow(x[0], (int)a[0], (int64_t)a[1], (int64_t)a[2]))
OPERATION(select, tp_select(x[0], (int)a[0], (int64_t)a[1]))
OPERATION(slice, tp_slice(x[0], (int)a[0], (int64_t)a[1], (int64_t)a[2], (int64_t)a[3]))
OPERATION(clone, tp_clone(x[0]))
OPERATION(contiguous, tp_contiguous(x[0]))
OPERATION(masked_fill, tp_masked_fill(x[0], x[1], a[0]))
OPERATION(where, tp_where(x[2], x[0], x[1]))
OPERATION(to, tp_to(x[0], (tp_dtype)(int)a[0]))

static const index_operation operations[] = {{"reshape", run_reshape, true},
                                             {"view", run_view, true},
                                             {"flatten", run_flatten, true},
                                             {"transpose", run_transpose, true},
                                             {"t", run_t, true},
                                             {"permute", run_permute, true},
                                             {"squeeze_all", run_squeeze_all, true},
                                             {"squeeze", run_squeeze, true},
                                             {"unsqueeze", run_unsqueeze, true},
                                             {"expand", run_expand, true},
                                             {"narrow", run_narrow, true},
                                             {"select", run_select, true},
                                             {"slice", run_slice, true},
                                             {"clone", run_clone, true},
                                             {"contiguous", run_contiguous, true},
                                             {"masked_fill", run_masked_fill, true},
                                             {"where", run_where, true},
                                             {"to", run_to, true},
                                             {NULL, NULL, false}};

int main(void)
{
    case_check(TP_SOURCE_DIR "/tests/golden/view.pack", operations);
    tp_finish();
    return test_end();
}
