/* checksum.c: the checksum of files is CRC-64/XZ: its published check value, and every burst of
 * up to 64 bits is found.                                                                       */
#include "core/base/checksum.h"
#include "check.h"

static void flip(unsigned char *at, uint64_t bits) {
    for (size_t i = 0; i < 8; ++i)
        at[i] ^= (unsigned char)(bits >> (8 * i));
}

int main(void) {
    expect(mf_checksum("123456789", 9) == UINT64_C(0x995DC9BBDF1939FA), "CRC-64/XZ's check value");
    expect(mf_checksum("", 0) == 0, "nothing has the checksum 0");
    expect(mf_checksum_add(mf_checksum("1234", 4), "56789", 5) == mf_checksum("123456789", 9),
           "a checksum goes on where it stopped");
    unsigned char text[64];
    for (size_t i = 0; i < sizeof text; ++i)
        text[i] = (unsigned char)(i * 37);
    const uint64_t right = mf_checksum(text, sizeof text);
    for (size_t at = 0; at + 8 <= sizeof text; ++at)
        for (uint64_t burst = 1; burst < UINT64_C(1) << 62; burst *= 3) {
            flip(text + at, burst);
            expect(mf_checksum(text, sizeof text) != right, "a burst of up to 64 bits is found");
            flip(text + at, burst);
        }
    return verdict();
}
