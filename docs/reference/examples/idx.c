#include <taper/taper.h>

int main(void)
{
    /* A file as MNIST's are: two images of 2 x 2. */
    const unsigned char bytes[] = {0, 0, 8, 3, 0, 0,  0,   2,   0,   0,   0,  2,
                                   0, 0, 0, 2, 0, 50, 100, 150, 200, 250, 25, 75};
    FILE *file = fopen("images-idx3-ubyte", "wb");
    fwrite(bytes, 1, sizeof bytes, file);
    fclose(file);

    tp_tensor *images = tp_idx_load("images-idx3-ubyte");
    if (!images)
        return tp_report(stderr);
    tp_print(stdout, tp_div(tp_to(images, TP_F32), 255));
    tp_finish();
    return 0;
}

/* Output:
tensor([[[0.0000, 0.1961],
         [0.3922, 0.5882]],

        [[0.7843, 0.9804],
         [0.0980, 0.2941]]])
*/
