/* checksum.c: CRC-64/XZ (ECMA-182's polynomial, reflected), a byte at a time. */
#include "checksum.h"

#define POLYNOMIAL UINT64_C(0xC96C5795D7870F42)

uint64_t mf_checksum(const void *data, size_t size) {
    return mf_checksum_add(0, data, size);
}

uint64_t mf_checksum_add(uint64_t sum, const void *data, size_t size) {
    const unsigned char *from = data;
    uint64_t table[256];
    sum = ~sum;
    for (uint64_t i = 0; i < 256; ++i) {
        uint64_t c = i;
        for (int bit = 0; bit < 8; ++bit)
            c = c & 1 ? POLYNOMIAL ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < size; ++i)
        sum = table[(sum ^ from[i]) & 0xFF] ^ sum >> 8;
    return ~sum;
}
