/* CRC-32C (Castagnoli): the checksum of iSCSI, RFC 3720, appendix B.4. */
#ifndef TAPER_IO_CRC32C_H
#define TAPER_IO_CRC32C_H

#include "taper/base.h"

/* The checksum of `size` bytes that follow those whose checksum is `before`; 0 to begin with. That of the
 * digits "123456789" is E3069283. */
uint32_t tp__crc32c(uint32_t before, const void *bytes, size_t size);

#endif
