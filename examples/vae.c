/* A variational autoencoder (Kingma and Welling 2014) of small images: soft blobs in any place and of any
 * width, which it learns to describe by a few numbers.
 *
 *     vae [--steps N] [--pgm FILE] [SEED]
 *
 * With --steps it prints the losses of the first N steps and nothing else; with --pgm it writes images and
 * their reconstructions to a file. pytorch/vae.py is the same program in PyTorch, noise included. */
#include <taper/taper.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SIDE = 12,
    PIXELS = SIDE * SIDE,
    TRAIN = 2000,
    SHOWN = 8,
    HIDDEN = 64,
    LATENT = 3,
    BATCH = 50,
    EPOCHS = 30
};

/* [n, PIXELS] with values from 0 to 1. */
static tp_tensor *make_images(int64_t n)
{
    tp_tensor *x = tp_arange(TP_F32, 0, SIDE, 1), *y = tp_unsqueeze(x, 1);
    tp_tensor *blob = tp_rand(TP_F32, n, 3, 1, 1); /* across, down, wide */
    tp_tensor *across = tp_sub(x, tp_add(tp_mul(tp_select(blob, 1, 0), 7), 2));
    tp_tensor *down = tp_sub(y, tp_add(tp_mul(tp_select(blob, 1, 1), 7), 2));
    tp_tensor *wide = tp_add(tp_mul(tp_select(blob, 1, 2), 1.5), 1);
    tp_tensor *far = tp_add(tp_square(across), tp_square(down));
    return tp_reshape(tp_exp(tp_neg(tp_div(far, tp_mul(tp_square(wide), 2)))), n, PIXELS);
}

typedef struct vae {
    tp_module *encoder, *mean, *log_variance, *decoder;
} vae;

static tp_module *new_vae(void)
{
    tp_module *m = tp_module_new("VAE", NULL, sizeof(vae));
    vae *self = tp_module_data(m);
    if (!self)
        return NULL;
    self->encoder =
        tp_register_module(m, "encoder", tp_sequential(tp_linear(PIXELS, HIDDEN), tp_relu_layer()));
    self->mean = tp_register_module(m, "mean", tp_linear(HIDDEN, LATENT));
    self->log_variance = tp_register_module(m, "log_variance", tp_linear(HIDDEN, LATENT));
    self->decoder = tp_register_module(
        m, "decoder", tp_sequential(tp_linear(LATENT, HIDDEN), tp_relu_layer(), tp_linear(HIDDEN, PIXELS)));
    return tp_error() == TP_OK ? m : NULL;
}

/* The negative evidence lower bound of a batch, a mean over its images, in nats. */
static tp_tensor *negative_elbo(tp_module *m, tp_tensor *images)
{
    TP_MODULE_FRAME(m);
    vae *self = tp_module_data(m);
    tp_tensor *hidden = tp_forward(self->encoder, images);
    tp_tensor *mean = tp_forward(self->mean, hidden), *log_variance = tp_forward(self->log_variance, hidden);
    /* The reparametrisation: what is random is drawn apart, so that gradients reach mean and variance. */
    tp_tensor *noise = tp_randn_n(TP_F32, NULL, tp_ndim(mean), tp_shape(mean));
    tp_tensor *code = tp_add(mean, tp_mul(tp_exp(tp_mul(log_variance, 0.5)), noise));
    tp_tensor *logits = tp_forward(self->decoder, code);
    tp_tensor *error = tp_binary_cross_entropy_with_logits(logits, images, .reduction = TP_SUM);
    /* The distance of N(mean, variance) from N(0, 1). */
    tp_tensor *terms = tp_sub(tp_sub(tp_add(log_variance, 1), tp_square(mean)), tp_exp(log_variance));
    tp_tensor *divergence = tp_mul(tp_sum(terms), -0.5);
    return tp_div(tp_add(error, divergence), (double)tp_size(images, 0));
}

/* Images from codes without noise. */
static tp_tensor *reconstruct(tp_module *m, tp_tensor *images)
{
    TP_SCOPE_NO_GRAD(reconstruction);
    vae *self = tp_module_data(m);
    return tp_sigmoid(tp_forward(self->decoder, tp_forward(self->mean, tp_forward(self->encoder, images))));
}

static tp_status train(tp_module *model, tp_tensor *images, int64_t steps)
{
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.002);
    tp_loader *loader = tp_loader_new(tp_tensor_dataset_n(&images, 1), .batch_size = BATCH, .shuffle = true);
    int64_t step = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double sum = 0;
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *loss = negative_elbo(model, batch->X);
            tp_zero_grad(adam);
            if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
                return tp_error();
            sum += tp_item(loss);
            if (steps)
                printf("%.9g\n", tp_item(loss));
            if (++step == steps)
                return TP_OK;
        }
        if (status != TP_END)
            return status;
        if (!steps && epoch % 5 == 0)
            printf("epoch %2d  ELBO %.4f nats\n", epoch, -sum / (double)tp_loader_length(loader));
    }
    return tp_error();
}

/* The images beside each other, with their reconstructions below, as a grey picture. */
static tp_status write_pgm(const char *path, tp_tensor *images, tp_tensor *reconstructions)
{
    tp_tensor *both[] = {images, reconstructions};
    tp_tensor *grid = tp_reshape(tp_stack(both, 2, 0), 2, SHOWN, SIDE, SIDE);
    grid = tp_contiguous(tp_permute(grid, 0, 2, 1, 3));
    const uint8_t *grey = tp_data_u8(tp_to(tp_round(tp_mul(grid, 255)), TP_U8));
    if (!grey)
        return tp_error();
    FILE *file = fopen(path, "wb");
    if (!file)
        return tp_fail(TP_ERROR_IO, "cannot write %s", path);
    fprintf(file, "P5\n%d %d\n255\n", SHOWN * SIDE, 2 * SIDE);
    const bool written = fwrite(grey, 2 * SHOWN * PIXELS, 1, file) == 1;
    return fclose(file) == 0 && written ? TP_OK : tp_fail(TP_ERROR_IO, "cannot write %s", path);
}

/* The first images, a character for each pixel, and their reconstructions on the right. */
static void print_images(tp_tensor *images, tp_tensor *reconstructions)
{
    const float *sides[] = {tp_data_f32(images), tp_data_f32(tp_contiguous(reconstructions))};
    for (int line = 0; sides[0] && sides[1] && line < 3 * SIDE; line++) {
        for (int i = 0; i < 2 * SIDE; i++)
            printf("%s%c", i % SIDE ? "" : "    ",
                   " .:-=+*#%@"[(int)(sides[i / SIDE][line * SIDE + i % SIDE] * 9.99f)]);
        printf("%s\n", line % SIDE == SIDE - 1 ? "\n" : "");
    }
}

static tp_status run(uint64_t seed, int64_t steps, const char *pgm)
{
    tp_manual_seed(seed);
    tp_tensor *images = make_images(TRAIN), *shown = make_images(SHOWN);
    tp_module *model = new_vae();
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (train(model, images, steps) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    tp_tensor *reconstructions = reconstruct(model, shown);
    if (!steps)
        print_images(shown, reconstructions);
    return pgm ? write_pgm(pgm, shown, reconstructions) : tp_error();
}

int main(int count, char **arguments)
{
    uint64_t seed = 0;
    int64_t steps = 0;
    const char *pgm = NULL;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--pgm") == 0 && i + 1 < count) {
            pgm = arguments[++i];
            continue;
        }
        char *end;
        const bool option = strcmp(arguments[i], "--steps") == 0 && i + 1 < count;
        const char *number = arguments[option ? ++i : i];
        const int64_t value = strtoll(number, &end, 10);
        if (end == number || *end || value < 0) {
            fprintf(stderr, "usage: vae [--steps N] [--pgm FILE] [SEED]\n");
            return 2;
        }
        if (option)
            steps = value;
        else
            seed = (uint64_t)value;
    }
    if (run(seed, steps, pgm) != TP_OK) {
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}
