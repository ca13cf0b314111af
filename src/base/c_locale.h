/* Numbers are written and read with a point, whatever the host program's locale is. */
#ifndef TAPER_BASE_C_LOCALE_H
#define TAPER_BASE_C_LOCALE_H

#include "taper/base.h"

#include <locale.h>

/* The calling thread's locale becomes "C", which is a static object: nothing is allocated. */
static inline locale_t tp__enter_c_locale(void)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return c ? uselocale(c) : (locale_t)0;
}

static inline void tp__leave_c_locale(const locale_t *before)
{
    if (*before)
        uselocale(*before);
}

/* For the rest of the block. */
#define TP__C_LOCALE const locale_t tp_locale_before_ TP_CLEANUP(tp__leave_c_locale) = tp__enter_c_locale()

#endif
