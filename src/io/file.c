#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

tp_status tp__fail_system(const char *action, const char *path, int system_error)
{
    return tp_fail(TP_ERROR_IO, "cannot %s '%s': %s", action, path, strerror(system_error));
}

int tp__open_regular(const char *path, int64_t *size)
{
    /* Without O_NONBLOCK, opening a pipe that nobody writes to would wait forever. */
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        tp__fail_system("open", path, errno);
        return -1;
    }
    struct stat about;
    const char *wrong = NULL;
    if (fstat(file, &about) != 0) {
        tp__fail_system("read", path, errno);
        close(file);
        return -1;
    }
    if (S_ISDIR(about.st_mode))
        wrong = "it is a directory";
    else if (!S_ISREG(about.st_mode))
        wrong = "it is not a regular file";
    if (wrong) {
        tp_fail(TP_ERROR_IO, "cannot read '%s': %s", path, wrong);
        close(file);
        return -1;
    }
    *size = about.st_size;
    return file;
}

tp_status tp__read_at(int file, const char *path, void *bytes, size_t length, int64_t offset)
{
    char *to = bytes;
    while (length) {
        const ssize_t got = pread(file, to, length, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tp__fail_system("read", path, errno);
        if (got == 0)
            return tp_fail(TP_ERROR_FORMAT,
                           "%s: the file has become shorter: %zu bytes from byte %lld on are missing", path,
                           length, (long long)offset);
        to += got;
        offset += got;
        length -= (size_t)got;
    }
    return TP_OK;
}

char *tp__read_file(const char *path, int64_t most, size_t *length)
{
    int64_t size;
    const int file = tp__open_regular(path, &size);
    if (file < 0)
        return NULL;
    char *bytes = NULL;
    if (size > most)
        tp_fail(TP_ERROR_FORMAT, "%s: %lld bytes are more than the %lld that are allowed", path,
                (long long)size, (long long)most);
    else
        bytes = tp__malloc((size_t)size + 1);
    if (bytes && tp__read_at(file, path, bytes, (size_t)size, 0) != TP_OK) {
        tp__free(bytes);
        bytes = NULL;
    }
    close(file);
    if (bytes) {
        bytes[size] = 0;
        *length = (size_t)size;
    }
    return bytes;
}

void tp__swap_bytes(void *items, size_t count, size_t size)
{
    unsigned char *item = items;
    for (size_t i = 0; i < count; i++, item += size) {
        for (size_t low = 0, high = size - 1; low < high; low++, high--) {
            const unsigned char byte = item[low];
            item[low] = item[high];
            item[high] = byte;
        }
    }
}
