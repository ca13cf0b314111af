/* A tensor that is used after the step where it was made: AddressSanitizer must see it. The program runs
 * itself; with an argument it makes the mistake. Without AddressSanitizer there is nothing to test. */
#include "taper/taper.h"
#include "test.h"

#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* `large`: its elements are a block of their own, and its header lies in the region like a small one's. */
static double mistake(bool large)
{
    tp_tensor *loss = NULL;
    const float *data = NULL;
    for (int i = 0; i < 2; i++) {
        TP_SCOPE(step);
        loss = tp_exp(tp_full(TP_F32, i, large ? 10000 : 3));
        data = tp_data_f32(loss);
    }
    return large ? (double)data[1] : tp_at(loss, 1);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return mistake(!strcmp(argv[1], "large")) > 1e9;
    if (!SANITIZED) {
        printf("SKIPPED: not built with AddressSanitizer\n");
        return TEST_SKIPPED;
    }
    const char *const kinds[] = {"small", "large"};
    for (int i = 0; i < 2; i++) {
        char command[4200], line[512];
        bool reported = false;
        snprintf(command, sizeof command, "'%s' %s 2>&1", argv[0], kinds[i]);
        FILE *output = popen(command, "r");
        CHECK(output != NULL);
        while (output && fgets(line, sizeof line, output))
            reported |= strstr(line, "heap-use-after-free") != NULL;
        const int status = output ? pclose(output) : 0;
        CHECK(reported && WIFEXITED(status) && WEXITSTATUS(status) != 0);
    }
    return test_end();
}
