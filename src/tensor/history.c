/* The names of a tape's nodes, as PyTorch prints them. */
#include "tensor/tensor.h"

#include <ctype.h>
#include <string.h>

const char *tp__history_name(const tp__history *history, char buffer[TP__NODE_NAME_SIZE])
{
    static const char suffix[] = "Backward0";
    const bool final = isupper((unsigned char)history->name[0]) != 0;
    const size_t room = TP__NODE_NAME_SIZE - sizeof suffix;
    size_t n = 0;
    bool upper = true;
    for (const char *p = history->name; *p && n < room; p++) {
        if (*p == '_' && !final) {
            upper = true;
            continue;
        }
        buffer[n++] = (char)(upper ? toupper((unsigned char)*p) : *p);
        upper = false;
    }
    if (final)
        buffer[n] = 0;
    else
        memcpy(buffer + n, suffix, sizeof suffix);
    return buffer;
}
