/* Safetensors files: named tensors and a map of texts. https://github.com/huggingface/safetensors */
#ifndef TAPER_SAFETENSORS_H
#define TAPER_SAFETENSORS_H

#include "taper/tensor.h"

TP_BEGIN

/* ---- Reading ---- */

typedef struct tp_safetensors_file tp_safetensors_file;

/* One tensor of a file. Owned by the file, like all it points to. */
typedef struct tp_safetensors_entry {
    const char *name;
    const char *dtype; /* the format's name for it, such as "F32" or "BF16" */
    int64_t ndim;
    const int64_t *shape;
    int64_t offset; /* of the first element in the file, in bytes */
    int64_t bytes;
} tp_safetensors_entry;

/* Opens a file and checks all of its header: offsets, shapes and types that fit each other, tensors that
 * cover the file without gap or overlap, no name twice, a header of at most 100 MB. It stays open until the
 * current region ends. NULL after an error that names the file and the tensor: TP_ERROR_FORMAT, TP_ERROR_IO,
 * or TP_ERROR_UNSUPPORTED for a type that the format did not have in 2026 or a name with a NUL. */
TP_API tp_safetensors_file *tp_safetensors_open(const char *path);

/* The number of tensors, and the tensors in the order of their data; -1 and NULL after an error. */
TP_API int64_t tp_safetensors_count(const tp_safetensors_file *file);
TP_API const tp_safetensors_entry *tp_safetensors_entry_at(const tp_safetensors_file *file, int64_t i);

/* The tensor's name; NULL after an error. */
TP_API const char *tp_safetensors_name(const tp_safetensors_file *file, int64_t i);

/* Whether there is a tensor of that name. */
TP_API bool tp_safetensors_has(const tp_safetensors_file *file, const char *name);

/* A new tensor in the current region with the elements from the file. BOOL, U8, I32, I64, F16, BF16, F32 and
 * F64 can be read, other types are TP_ERROR_UNSUPPORTED; a name that is not there is TP_ERROR_INDEX. */
TP_API tp_tensor *tp_safetensors_tensor(const tp_safetensors_file *file, const char *name);

/* A tensor with a name, and several. */
typedef struct tp_named_tensor {
    const char *name;
    tp_tensor *tensor;
} tp_named_tensor;
typedef struct tp_named_tensors {
    int64_t count;
    tp_named_tensor *items;
} tp_named_tensors;

/* All tensors of a file with their names, in the current region; the file is closed again: load_file of
 * Python's library. NULL after an error, as of tp_safetensors_open and tp_safetensors_tensor. */
TP_API tp_named_tensors *tp_safetensors_load(const char *path);

typedef struct tp_string_pair {
    const char *key;
    const char *value;
} tp_string_pair;

/* The file's map of texts: the value of a key, NULL (no error) if it is not there; and all pairs in their
 * order. */
TP_API const char *tp_safetensors_metadata(const tp_safetensors_file *file, const char *key);
TP_API int64_t tp_safetensors_metadata_count(const tp_safetensors_file *file);
TP_API const tp_string_pair *tp_safetensors_metadata_at(const tp_safetensors_file *file, int64_t i);

/* ---- Writing ---- */

/* Writes `n` dense tensors and `m` pairs of texts (`metadata` may be NULL when m is 0), byte for byte as the
 * reference library does for the same order of the pairs. The file is replaced as a whole or not at all:
 * after any failure the old one is untouched. Names are UTF-8, all different, and not "__metadata__". */
TP_API tp_status tp_safetensors_save(const char *path, const tp_named_tensor *tensors, int64_t n,
                                     const tp_string_pair *metadata, int64_t m);

TP_CLOSE

#endif
