/* What every other header needs: visibility, C linkage, and compiler helpers. */
#ifndef TAPER_BASE_H
#define TAPER_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The version of these headers; tp_version() is that of the library. */
#define TP_VERSION_MAJOR 0
#define TP_VERSION_MINOR 1
#define TP_VERSION_PATCH 0
#define TP_VERSION "0.1.0"

/* The most dimensions that a tensor can have. */
#define TP_MAX_DIMS 8

#ifdef __cplusplus
#define TP_BEGIN extern "C" {
#define TP_CLOSE }
#else
#define TP_BEGIN
#define TP_CLOSE
#endif

#if defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#define TP_PRINTF(string, first) __attribute__((format(printf, string, first)))
#define TP_CLEANUP(function) __attribute__((cleanup(function), unused))
#else
#error "Taper needs gcc or clang"
#endif

/* A shape as an argument list: TP_SHAPE(2, 3) stands for the two arguments (count, pointer). */
#ifdef __cplusplus
namespace taper
{
template <class... D> struct dims {
    int64_t sizes[sizeof...(D) ? sizeof...(D) : 1];
    explicit dims(D... d) : sizes{static_cast<int64_t>(d)...} {}
    operator const int64_t *() const { return sizes; }
};
/* Never called, so that arguments are evaluated once: TP_COUNT_ is one less than the size of what it gives.
 */
template <class... T> char (&counted(const T &...))[sizeof...(T) + 1];
template <class... D> dims<D...> make_dims(D... d)
{
    return dims<D...>(d...);
}
} // namespace taper
#define TP_COUNT_(...) static_cast<int>(sizeof(taper::counted(__VA_ARGS__)) - 1)
#define TP_SHAPE(...) TP_COUNT_(__VA_ARGS__), taper::make_dims(__VA_ARGS__)
#else
#define TP_SHAPE(...)                                                                  \
    (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) \
    {                                                                                  \
        __VA_ARGS__                                                                    \
    }
#endif

/* Dimensions likewise, as ints: tp_sum_n(x, TP_DIMS(0, -1), false). */
#ifdef __cplusplus
namespace taper
{
template <class... D> struct dimension_list {
    int dims[sizeof...(D) ? sizeof...(D) : 1];
    explicit dimension_list(D... d) : dims{static_cast<int>(d)...} {}
    operator const int *() const { return dims; }
};
template <class... D> dimension_list<D...> make_dimensions(D... d)
{
    return dimension_list<D...>(d...);
}
} // namespace taper
#define TP_DIMS(...) TP_COUNT_(__VA_ARGS__), taper::make_dimensions(__VA_ARGS__)
#else
#define TP_DIMS(...)                                                       \
    (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int)), (const int[]) \
    {                                                                      \
        __VA_ARGS__                                                        \
    }
#endif

/* Options. A macro such as tp_adam(parameters, .lr = 0.01) calls a function whose name ends in _with and
 * which takes a pointer to the options, the macro's defaults filled in. Such a function takes NULL for what
 * the macro makes with nothing given; where something must be given, such as the parameters or a tensor, that
 * is TP_ERROR_ARGUMENT.
 *
 * Calls `function(&(type){defaults, given})`. Overriding a default is the point of it, so the compilers'
 * warning about that is off inside, and only inside; as is the one about the hidden name where calls are
 * nested. */
#define TP_WITH_OPTIONS(result, function, type, ...)                                                         \
    __extension__({                                                                                          \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverride-init\"")                 \
            _Pragma("GCC diagnostic ignored \"-Wshadow\"") result tp_made_ = function(&(type){__VA_ARGS__}); \
        _Pragma("GCC diagnostic pop") tp_made_;                                                              \
    })

TP_BEGIN
/* The version of the library that is linked, such as "0.1.0". Never NULL; static. */
TP_API const char *tp_version(void);
TP_CLOSE

#endif
