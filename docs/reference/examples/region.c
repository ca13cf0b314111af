#include <taper/taper.h>

int main(void)
{
    tp_tensor *total = tp_zeros(TP_F32, 2); /* in the thread's root region */
    for (int step = 0; step < 3; step++) {
        TP_SCOPE(step); /* ends with the block: what was made in it is recycled */
        tp_tensor *squares = tp_square(tp_full(TP_F32, step, 2));
        tp_assign(total, tp_add(total, squares)); /* outlives the step */
    }
    tp_print(stdout, total);

    tp_region *cache = tp_region_new_detached("cache"); /* lives until it is ended */
    tp_region_enter(cache);
    tp_tensor *table = tp_rand(TP_F32, 1000, 10);
    tp_region_leave(cache);
    printf("%s holds at least %d bytes: %s\n", tp_region_name(cache), 40000,
           table && tp_region_size(cache) >= 40000 ? "yes" : "no");
    tp_region_end(cache);
    tp_finish();
    return 0;
}

/* Output:
tensor([5., 5.])
cache holds at least 40000 bytes: yes
*/
