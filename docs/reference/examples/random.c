#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(42); /* torch.manual_seed(42): the same numbers follow */
    tp_print(stdout, tp_randn(TP_F32, 3));
    tp_print(stdout, tp_randperm(5, NULL));

    tp_generator *own = tp_generator_new(); /* a stream of its own */
    tp_generator_seed(own, 1);
    uint8_t state[TP_GENERATOR_STATE_SIZE];
    tp_generator_get_state(own, state);
    const int64_t first = tp_random_i64(own);
    tp_generator_set_state(own, state, sizeof state);
    printf("again: %s\n", tp_random_i64(own) == first ? "the same" : "another");
    tp_finish();
    return 0;
}

/* Output:
tensor([0.3367, 0.1288, 0.2345])
tensor([0, 2, 3, 1, 4])
again: the same
*/
