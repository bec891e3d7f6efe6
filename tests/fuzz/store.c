/* store.c: libFuzzer on the reader of stores. The first byte chooses: records as they come from
 * the child that parses, or a file for the child: of these one in 32, as a fork is slow.   */
#include "core/base/checksum.h"
#include "core/base/store_parts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte that the reader points at is there. */
static void walk(mf_store_reader *reader) {
    static volatile unsigned sum;
    mf_store_item item;
    while (mf_store_next(reader, &item)) {
        const unsigned char *bytes = item.value.data;
        for (size_t i = 0, n = mf_store_bytes(&item.value); i < n; ++i)
            sum += bytes[i];
        if (strlen(item.name) >= MF_STORE_NAME)
            abort();
        mf_store_find(reader, item.name, &item);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mf_store_reader reader = {0};
    mf_error err = {0};
    mf_status status;
    if (size < 1)
        return 0;
    if (data[0] == 0 && mf_checksum(data, size) % 32 != 0)
        return 0;
    if (data[0] != 0) {
        char *records = malloc(size);
        if (!records)
            return 0;
        memcpy(records, data + 1, size - 1);
        status = mf_store_accept(&reader, records, size - 1, &err);
    } else {
        status = mf_store_open_image(&reader, data + 1, size - 1, &err);
    }
    if (status < 0 && err.text[0] == '\0')
        abort(); /* no error without a message */
    if (status >= 0)
        walk(&reader);
    mf_store_reader_close(&reader);
    return 0;
}
