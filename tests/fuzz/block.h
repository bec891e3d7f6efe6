/* block.h: for fuzz targets of checkpoints: a block made right on the outside, and a mutator
 * that keeps its fields and changes what is in them.                                */
#ifndef MF_FUZZ_BLOCK_H
#define MF_FUZZ_BLOCK_H

#include "core/base/fields.c" /* its header and its entries */

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* A copy with the right length and checksum: what is behind these is not to be trusted either. */
static char *make_right(const uint8_t *data, size_t size) {
    header head;
    char *block = malloc(size ? size : 1); /* of its exact size: the first byte behind it is seen */
    if (block && size > 0)
        memcpy(block, data, size);
    if (block && size >= sizeof head) {
        memcpy(&head, block, sizeof head);
        head.size = size;
        head.unused = 0;
        head.sum = checksum(block, size);
        memcpy(block, &head, sizeof head);
    }
    return block;
}

/* Half of the time any bytes; else those of one field, the frame of all stays whole. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    entry e;
    size_t at = sizeof(header), next = at, from = 0, bytes = 0, fields = 0;
    if (seed % 2 == 0)
        return LLVMFuzzerMutate(data, size, max);
    for (; at < size && field_at((const char *)data, size, at, &e, &next); at = next)
        if (next > at + sizeof e &&
            (seed >>= 1, seed = seed * 1103515245u + 12345u) % ++fields == 0) {
            from = at + sizeof e;
            bytes = next - from;
        }
    if (bytes == 0)
        return LLVMFuzzerMutate(data, size, max);
    if (bytes > 64) { /* a part of many numbers */
        from += seed % (bytes / 8) * 8;
        bytes = 8;
    }
    LLVMFuzzerMutate(data + from, bytes, bytes);
    return size;
}

#endif
