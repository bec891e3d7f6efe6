/* checksum.h: CRC-64 of files, as in XZ: finds every change of up to 64 bits in a row. */
#ifndef MF_CHECKSUM_H
#define MF_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t mf_checksum(const void *data, size_t size);

/* The checksum of bytes whose checksum is `sum` with more behind them; of none it is 0. */
uint64_t mf_checksum_add(uint64_t sum, const void *data, size_t size);

#endif
