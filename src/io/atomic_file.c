#include "io/atomic_file.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE 65536

struct tp__output {
    int file;
    const char *path; /* for errors */
    tp_status status;
    char *buffer;
    size_t used;
};

static tp_status write_through(tp__output *o, const char *bytes, size_t length)
{
    while (length) {
        const ssize_t written = write(o->file, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return o->status = tp__fail_system("write", o->path, errno);
        bytes += written;
        length -= (size_t)written;
    }
    return TP_OK;
}

static tp_status flush(tp__output *o)
{
    if (o->status != TP_OK)
        return o->status;
    const size_t used = o->used;
    o->used = 0;
    return write_through(o, o->buffer, used);
}

tp_status tp__output_write(tp__output *o, const void *bytes, size_t length)
{
    if (o->status != TP_OK)
        return o->status;
    if (length > BUFFER_SIZE - o->used)
        TP__TRY(flush(o));
    if (length >= BUFFER_SIZE)
        return write_through(o, bytes, length);
    memcpy(o->buffer + o->used, bytes, length);
    o->used += length;
    return TP_OK;
}

/* The file that `path` stands for behind symbolic links, whether it is there or not; in `resolved` (PATH_MAX
 * bytes), or `path` itself. NULL with errno set. */
static const char *behind_links(const char *path, char *resolved)
{
    struct stat about;
    char link[PATH_MAX];
    for (int depth = 0; lstat(path, &about) == 0 && S_ISLNK(about.st_mode); depth++) {
        const ssize_t length = readlink(path, link, sizeof link - 1);
        if (length < 0)
            return NULL;
        link[length] = 0;
        const char *slash = strrchr(path, '/');
        const size_t folder = slash && link[0] != '/' ? (size_t)(slash - path) + 1 : 0;
        if (depth == 40 || folder + (size_t)length >= PATH_MAX) {
            errno = depth == 40 ? ELOOP : ENAMETOOLONG;
            return NULL;
        }
        memmove(resolved, path, folder);
        memcpy(resolved + folder, link, (size_t)length + 1);
        path = resolved;
    }
    return path;
}

/* A new file in the folder of `path`; its name goes to `name`, as long as `path` plus 64 bytes. */
static int open_temporary(const char *path, char *name, size_t size)
{
    static atomic_uint counter;
    const char *slash = strrchr(path, '/');
    const int folder = slash ? (int)(slash - path) + 1 : 0;
    for (int attempt = 0; attempt < 1000; attempt++) {
        snprintf(name, size, "%.*s.taper-%ld-%u.tmp", folder, path, (long)getpid(),
                 atomic_fetch_add(&counter, 1));
        const int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

/* So that the rename itself outlives a power failure. Some file systems cannot; that is no failure of ours.
 */
static void synchronise_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) + 1 : 2;
    if (length >= sizeof folder)
        return;
    memcpy(folder, slash ? path : "./", length);
    folder[length] = 0;
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return;
    (void)fsync(file);
    close(file);
}

static tp_status write_content(tp__output *o, tp_status (*write)(tp__output *, void *), void *context)
{
    const tp_status status = write(o, context);
    if (o->status == TP_OK)
        o->status = status;
    return flush(o);
}

static tp_status replace(tp__output *o, const char *target, const struct stat *old, char *name,
                         size_t name_size, tp_status (*write)(tp__output *, void *), void *context)
{
    o->file = open_temporary(target, name, name_size);
    if (o->file < 0)
        return tp__fail_system("create a file beside", o->path, errno);
    if (old)
        (void)fchmod(o->file, old->st_mode & 0777);
    tp_status status = write_content(o, write, context);
    if (status == TP_OK && fsync(o->file) != 0)
        status = tp__fail_system("write", o->path, errno);
    if (close(o->file) != 0 && status == TP_OK)
        status = tp__fail_system("write", o->path, errno);
    if (status == TP_OK && rename(name, target) != 0)
        status = tp__fail_system("replace", o->path, errno);
    if (status != TP_OK)
        unlink(name);
    else
        synchronise_folder(target);
    return status;
}

static tp_status write_device(tp__output *o, const char *target, tp_status (*write)(tp__output *, void *),
                              void *context)
{
    o->file = open(target, O_WRONLY | O_CLOEXEC);
    if (o->file < 0)
        return tp__fail_system("open", o->path, errno);
    tp_status status = write_content(o, write, context);
    if (close(o->file) != 0 && status == TP_OK)
        status = tp__fail_system("write", o->path, errno);
    return status;
}

tp_status tp__write_atomically(const char *path, tp_status (*write)(tp__output *, void *), void *context)
{
    if (!path)
        return tp__null_argument("path");
    char resolved[PATH_MAX];
    const char *target = behind_links(path, resolved);
    if (!target)
        return tp__fail_system("write", path, errno);
    struct stat about;
    const bool exists = stat(target, &about) == 0;
    if (exists && S_ISDIR(about.st_mode))
        return tp_fail(TP_ERROR_IO, "cannot write '%s': it is a directory", path);
    const size_t name_size = strlen(target) + 64;
    tp__output o = {.path = path, .buffer = tp__malloc(BUFFER_SIZE + name_size)};
    if (!o.buffer)
        return TP_ERROR_MEMORY;
    const tp_status status =
        exists && !S_ISREG(about.st_mode)
            ? write_device(&o, target, write, context)
            : replace(&o, target, exists ? &about : NULL, o.buffer + BUFFER_SIZE, name_size, write, context);
    tp__free(o.buffer);
    return status;
}

typedef struct piece {
    const void *bytes;
    size_t length;
} piece;

static tp_status write_piece(tp__output *output, void *context)
{
    const piece *p = context;
    return tp__output_write(output, p->bytes, p->length);
}

tp_status tp__write_file(const char *path, const void *bytes, size_t length)
{
    piece p = {bytes, length};
    return tp__write_atomically(path, write_piece, &p);
}
